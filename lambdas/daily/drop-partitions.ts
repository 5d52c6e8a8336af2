import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';

/** Drops the partitions of days before the given one, never one that holds open rows. */
export const dropPartitions: Statement<{ dropped: number }> = {
  isRepeatable: true,
  row: z.object({ dropped: z.number() }),
  sql: `SELECT json_build_object('dropped', hook.drop_partitions(:beforeDay::date))::text`,
};
