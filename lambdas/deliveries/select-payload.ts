import { z } from 'zod';
import type { Database, QueryOptions, Statement } from '../adapters/database/database.ts';

const selectPayload: Statement<{ part: string }> = {
  isRepeatable: true,
  row: z.object({ part: z.string() }),
  // A row of the Data API holds 64 KB and a character up to 4 bytes (6 as a JSON escape are ASCII): 10,000 are safe.
  sql: `
    SELECT json_build_object('part', substring(e.payload_snapshot FROM i * 10000 + 1 FOR 10000))::text
      FROM hook.events e, generate_series(0, (length(e.payload_snapshot) - 1) / 10000) AS i
     WHERE e.event_uuid = :event::uuid
     ORDER BY i`,
};

/** The event's `data`, byte for byte as accepted; undefined when the event is gone. */
export async function readPayload(
  database: Database,
  eventUuid: string,
  options: QueryOptions,
): Promise<string | undefined> {
  const parts = await database.query(selectPayload, { event: eventUuid }, options);
  return parts.length === 0 ? undefined : parts.map(({ part }) => part).join('');
}
