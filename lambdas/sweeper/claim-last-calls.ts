import type { Statement } from '../adapters/database/database.ts';
import { ENQUEUE_COLUMNS, ENQUEUED_ROWS, type EnqueuedRow, enqueuedRowSchema, time } from './enqueued-row.ts';

/** An open row may expire only after it was enqueued once more: its message may have been lost unsent. */
export const claimLastCalls: Statement<EnqueuedRow> = {
  isRepeatable: false,
  row: enqueuedRowSchema,
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id, d.expires_at FROM hook.deliveries d
       WHERE d.status IN ('PENDING', 'FAILED_RETRY') AND d.expires_at <= ${time(':nowMs::bigint')}
         AND d.last_call_at IS NULL
         AND (d.claimed_until IS NULL OR d.claimed_until < ${time(':nowMs::bigint')})
       ORDER BY d.expires_at, d.delivery_id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d
         SET ${ENQUEUE_COLUMNS}, last_call_at = ${time(':nowMs::bigint')}, expires_at = ${time(':expiresMs::bigint')}
        FROM l WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id, d.generation, d.webhook_id, 0 AS lag_ms
    ) ${ENQUEUED_ROWS}`,
};
