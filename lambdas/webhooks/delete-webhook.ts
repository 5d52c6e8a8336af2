import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';

/**
 * Deletes a webhook and cancels its open deliveries in one statement, so that none is left open without an owner. Its
 * ended deliveries stay readable. Rows are locked in the order of their ids, as everywhere: unordered batches deadlock.
 */
export const deleteWebhook: Statement<{ deleted: number; cancelled: number }> = {
  isRepeatable: false,
  row: z.object({ deleted: z.number(), cancelled: z.number() }),
  sql: `
    WITH gone AS (
      DELETE FROM hook.webhook_configs WHERE webhook_id = :id::uuid AND account_id = :account RETURNING webhook_id
    ), l AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d
       WHERE d.webhook_id = (SELECT webhook_id FROM gone)
         AND d.status IN ('PENDING', 'IN_PROGRESS', 'FAILED_RETRY', 'HELD')
       ORDER BY d.delivery_id FOR UPDATE
    ), u AS (
      UPDATE hook.deliveries d
         SET status = 'CANCELLED', claim_token = NULL, claimed_until = NULL, claimed_by = NULL, next_retry_at = NULL,
             expires_at = NULL, last_activity_at = now()
        FROM l WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id
    )
    SELECT json_build_object('deleted', (SELECT count(*) FROM gone), 'cancelled', (SELECT count(*) FROM u))::text`,
};
