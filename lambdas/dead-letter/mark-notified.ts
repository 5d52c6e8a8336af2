import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';

/**
 * After the bus has the event, never before: a crash between the two announces twice, with the same event id, and the
 * idempotency key makes one of it.
 */
export const markNotified: Statement<unknown> = {
  isRepeatable: true,
  row: z.unknown(),
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id FROM jsonb_to_recordset(:messages::text::jsonb) AS m(d uuid, g int)
        JOIN hook.deliveries d ON d.delivery_id = m.d AND d.generation = m.g
       WHERE d.delivery_id BETWEEN :low::uuid AND :high::uuid
         AND d.status = 'DEAD_LETTER' AND d.dead_letter_notified_at IS NULL
       ORDER BY d.delivery_id FOR UPDATE OF d)
    UPDATE hook.deliveries d
       SET dead_letter_notified_at = to_timestamp(:nowMs::bigint / 1000.0),
           claim_token = NULL, claimed_until = NULL, claimed_by = NULL
      FROM l
     WHERE d.delivery_id = l.delivery_id AND d.delivery_id BETWEEN :low::uuid AND :high::uuid`,
};
