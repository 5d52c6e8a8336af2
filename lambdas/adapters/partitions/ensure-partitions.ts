import { z } from 'zod';
import type { Statement } from '../database/database.ts';

/** Makes the missing partitions of the given days (null: yesterday to 14 days ahead); 55P03 when a lock is not had. */
export const ensurePartitions: Statement<{ made: number }> = {
  isRepeatable: true,
  row: z.object({ made: z.number() }),
  sql: `SELECT json_build_object('made', hook.ensure_partitions(:firstDay::date, :lastDay::date))::text`,
};
