import { z } from 'zod';
import type { Database, Statement } from '../adapters/database/database.ts';
import { PAYLOAD_PART_CHARS } from '../domain/packing/payload-parts.ts';

/** A row of a result has at most 64 KB (Aurora User Guide, data-api.limitations), hence the parts. */
const payloadPartsStatement: Statement<{ part: number; text: string }> = {
  isRepeatable: true,
  row: z.object({ part: z.number(), text: z.string() }),
  sql: `
    SELECT json_build_object('part', n, 'text', substring(e.payload_snapshot FROM n * ${PAYLOAD_PART_CHARS} + 1
                                                                             FOR ${PAYLOAD_PART_CHARS}))::text
      FROM hook.events e, generate_series(0, (char_length(e.payload_snapshot) - 1) / ${PAYLOAD_PART_CHARS}) AS n
     WHERE e.event_uuid = :eventUuid::uuid
     ORDER BY n`,
};

/**
 * A payload that is too large for a message.
 * @returns undefined when the event is not there any more.
 * @throws DatabaseFault
 */
export async function readPayload(database: Database, eventUuid: string): Promise<string | undefined> {
  const parts = await database.query(payloadPartsStatement, { eventUuid });
  return parts.length === 0 ? undefined : parts.map(({ text }) => text).join('');
}
