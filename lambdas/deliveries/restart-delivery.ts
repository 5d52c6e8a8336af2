import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';
import { DELIVERY_STATUSES } from '../domain/delivery-status/delivery-status.ts';

const restartSchema = z.object({
  webhookId: z.string(),
  status: z.enum(DELIVERY_STATUSES),
  hasWebhook: z.boolean(),
  /** Of the restarted row; null when it was not restarted. */
  generation: z.number().nullable(),
});
export type Restart = z.output<typeof restartSchema>;

/**
 * Starts an ended delivery again: PENDING, no attempts, a new generation, so that a message of the old one is dropped.
 * `status` is the one before: it tells why nothing was restarted.
 */
export const restartDelivery: Statement<Restart> = {
  isRepeatable: false,
  row: restartSchema,
  sql: `
    WITH u AS (
      UPDATE hook.deliveries d
         SET status = 'PENDING', attempts = 0, generation = d.generation + 1, carrier = 'retries', next_retry_at = now(),
             claim_token = NULL, claimed_until = NULL, claimed_by = NULL, status_percent = NULL, status_message = NULL,
             last_error = NULL, failure_reason = NULL, delivered_at = NULL, dead_letter_notified_at = NULL,
             last_call_at = NULL, last_activity_at = now(), expires_at = now() + make_interval(secs => :ttl::float8)
       WHERE d.delivery_id = :id::uuid AND d.account_id = :account
         AND d.status IN ('DELIVERED', 'FAILED', 'DEAD_LETTER')
         AND EXISTS (SELECT FROM hook.webhook_configs c WHERE c.webhook_id = d.webhook_id)
      RETURNING d.generation
    )
    SELECT json_build_object(
             'webhookId', d.webhook_id, 'status', d.status, 'generation', (SELECT generation FROM u),
             'hasWebhook', EXISTS (SELECT FROM hook.webhook_configs c WHERE c.webhook_id = d.webhook_id))::text
      FROM hook.deliveries d
     WHERE d.delivery_id = :id::uuid AND d.account_id = :account`,
};
