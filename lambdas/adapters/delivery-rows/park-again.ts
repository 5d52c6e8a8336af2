import { z } from 'zod';
import type { Statement } from '../database/database.ts';

const unlessOthers = (column: string) =>
  `CASE WHEN d.claim_token = :token::uuid OR d.claimed_until < to_timestamp(:nowMs::bigint / 1000.0) THEN NULL
        ELSE d.${column} END`;

/**
 * Parks open rows whose messages are no more: SQS gave up on them, or did not take them. No attempt said that they are
 * at their end, so the sweeper enqueues them anew. A lease ends with that when it is the asker's own (`:token`) or over;
 * another's stays, for a second message of the row may be being sent under it.
 */
export const parkAgain: Statement<{ parked: number }> = {
  isRepeatable: true,
  row: z.object({ parked: z.number() }),
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id FROM jsonb_to_recordset(:messages::text::jsonb) AS m(d uuid, g int)
        JOIN hook.deliveries d ON d.delivery_id = m.d AND d.generation = m.g
       WHERE d.delivery_id BETWEEN :low::uuid AND :high::uuid AND d.status IN ('PENDING', 'FAILED_RETRY')
       ORDER BY d.delivery_id FOR UPDATE OF d
    ), u AS (
      UPDATE hook.deliveries d
         SET carrier = 'parked', claim_token = ${unlessOthers('claim_token')},
             claimed_until = ${unlessOthers('claimed_until')}, claimed_by = ${unlessOthers('claimed_by')},
             next_retry_at = greatest(d.next_retry_at, to_timestamp(:nowMs::bigint / 1000.0)),
             expires_at = greatest(d.expires_at, to_timestamp(:expiresMs::bigint / 1000.0))
        FROM l
       WHERE d.delivery_id = l.delivery_id AND d.delivery_id BETWEEN :low::uuid AND :high::uuid
      RETURNING d.delivery_id
    )
    SELECT json_build_object('parked', count(*))::text FROM u`,
};
