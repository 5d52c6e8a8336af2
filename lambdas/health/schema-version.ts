import { z } from 'zod';
import type { Database, Statement } from '../adapters/database/database.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';

/** What the database itself says; asked by `/ready?deep` alone, for it wakes a paused Aurora. */
export const selectSchemaVersion: Statement<{ version: string | null }> = {
  isRepeatable: true,
  row: z.object({ version: z.string().nullable() }),
  sql: `
    SELECT json_build_object('version', max(version::numeric)::text)::text
      FROM hook.flyway_schema_history WHERE success AND version IS NOT NULL`,
};

export async function readSchemaVersion(database: Database): Promise<string | undefined> {
  const [row] = await database.query(selectSchemaVersion, {}, RESUME_WAIT);
  return row?.version ?? undefined;
}
