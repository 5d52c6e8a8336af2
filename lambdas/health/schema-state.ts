import { z } from 'zod';

const schemaStateSchema = z.object({ version: z.string().nullable() });

/** The version in `state/schema.json`, which the migrations write; undefined when there is no such object yet. */
export function schemaVersionFrom(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return schemaStateSchema.parse(JSON.parse(text)).version ?? undefined;
}
