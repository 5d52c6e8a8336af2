import type { Statement } from '../adapters/database/database.ts';
import { ENQUEUE_COLUMNS, ENQUEUED_ROWS, type EnqueuedRow, enqueuedRowSchema, time } from './enqueued-row.ts';

/**
 * Parked rows that are due, and rows whose queue should have brought them 15 min ago: lost. That the queue may only be
 * behind does no harm, for the lease lets one of the two messages through; so nobody asks the queue's age.
 * SKIP LOCKED never waits, so the order of the locks, by due time here, meets nobody's in a deadlock.
 */
export const claimDue: Statement<EnqueuedRow> = {
  isRepeatable: false,
  row: enqueuedRowSchema,
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id, d.next_retry_at FROM hook.deliveries d
       WHERE d.status IN ('PENDING', 'FAILED_RETRY') AND d.next_retry_at <= ${time(':nowMs::bigint')}
         AND (d.carrier = 'parked' OR d.next_retry_at <= ${time(':lostBeforeMs::bigint')})
         AND (d.claimed_until IS NULL OR d.claimed_until < ${time(':nowMs::bigint')})
       ORDER BY d.next_retry_at, d.delivery_id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d SET ${ENQUEUE_COLUMNS} FROM l WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id, d.generation, d.webhook_id,
                :nowMs::bigint - extract(epoch FROM l.next_retry_at) * 1000 AS lag_ms
    ) ${ENQUEUED_ROWS}`,
};
