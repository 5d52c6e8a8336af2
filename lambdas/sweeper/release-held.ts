import type { Statement } from '../adapters/database/database.ts';
import { ENQUEUE_COLUMNS, ENQUEUED_ROWS, type EnqueuedRow, enqueuedRowSchema, time } from './enqueued-row.ts';

/**
 * Held rows of webhooks that take deliveries again, oldest first. A new generation, so that messages from before the
 * hold are dropped; the attempts stay, for the receiver has seen them.
 */
export const releaseHeld: Statement<EnqueuedRow> = {
  isRepeatable: false,
  row: enqueuedRowSchema,
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d JOIN hook.webhook_configs c ON c.webhook_id = d.webhook_id
       WHERE d.status = 'HELD' AND c.is_active AND c.mode = 'deliver'
       ORDER BY d.delivery_id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d
         SET ${ENQUEUE_COLUMNS}, status = 'PENDING', generation = d.generation + 1, last_call_at = NULL,
             last_activity_at = ${time(':nowMs::bigint')}, expires_at = ${time(':expiresMs::bigint')}
        FROM l WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id, d.generation, d.webhook_id, 0 AS lag_ms
    ) ${ENQUEUED_ROWS}`,
};
