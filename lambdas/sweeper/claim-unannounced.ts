import type { Statement } from '../adapters/database/database.ts';
import { ENQUEUED_ROWS, type EnqueuedRow, enqueuedRowSchema, time } from './enqueued-row.ts';

/** Dead letters that nobody has announced for 15 min: their message was lost between the record and the queue. */
export const claimUnannounced: Statement<EnqueuedRow> = {
  isRepeatable: false,
  row: enqueuedRowSchema,
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d
       WHERE d.status = 'DEAD_LETTER' AND d.dead_letter_notified_at IS NULL
         AND d.last_activity_at <= ${time(':lostBeforeMs::bigint')}
         AND (d.claimed_until IS NULL OR d.claimed_until < ${time(':nowMs::bigint')})
       ORDER BY d.delivery_id DESC LIMIT :limit FOR UPDATE SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d
         SET claim_token = :token::uuid, claimed_by = 'sweeper', claimed_until = ${time(':claimedUntilMs::bigint')}
        FROM l WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id, d.generation, d.webhook_id, 0 AS lag_ms
    ) ${ENQUEUED_ROWS}`,
};
