import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';

export interface Deletion {
  /** False: the account has no such webhook. */
  readonly isOwn: boolean;
  /** False: `:limit` or more are open; as many were cancelled, and the webhook is still there. */
  readonly isDeleted: boolean;
}

/**
 * Cancels a webhook's open deliveries, up to `:limit`, and deletes it in the same statement when those were all, so that
 * none is left open without an owner. Its ended deliveries stay readable. Rows are locked in the order of their ids, as
 * everywhere: unordered batches deadlock. HELD stands apart from the other open statuses because each side has a
 * partial index of its own; together they would read all that the webhook ever got.
 */
export const deleteWebhook: Statement<Deletion> = {
  isRepeatable: false,
  row: z.object({ isOwn: z.boolean(), isDeleted: z.boolean() }),
  sql: `
    WITH a AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d
       WHERE d.webhook_id = :id::uuid AND d.account_id = :account
         AND d.status IN ('PENDING', 'IN_PROGRESS', 'FAILED_RETRY')
       ORDER BY d.delivery_id LIMIT :limit FOR UPDATE
    ), h AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d
       WHERE d.webhook_id = :id::uuid AND d.account_id = :account AND d.status = 'HELD'
       ORDER BY d.delivery_id LIMIT :limit FOR UPDATE
    ), gone AS (
      DELETE FROM hook.webhook_configs
       WHERE webhook_id = :id::uuid AND account_id = :account
         AND (SELECT count(*) FROM a) < :limit AND (SELECT count(*) FROM h) < :limit
      RETURNING webhook_id
    ), u AS (
      UPDATE hook.deliveries d
         SET status = 'CANCELLED', claim_token = NULL, claimed_until = NULL, claimed_by = NULL, next_retry_at = NULL,
             expires_at = NULL, last_activity_at = now()
        FROM (SELECT delivery_id FROM a UNION ALL SELECT delivery_id FROM h) l
       WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id
    )
    SELECT json_build_object(
             'isOwn', EXISTS (SELECT FROM hook.webhook_configs WHERE webhook_id = :id::uuid AND account_id = :account),
             'isDeleted', EXISTS (SELECT FROM gone), 'cancelled', (SELECT count(*) FROM u))::text`,
};
