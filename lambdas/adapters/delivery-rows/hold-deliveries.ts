import { z } from 'zod';
import type { Statement } from '../database/database.ts';

/**
 * Holds the open deliveries of a webhook that stopped taking them, `limit` at a time. Rows under a lease are left out:
 * they are being sent, or about to be, and raising their generation now would throw away a result that is on its way.
 * Whoever claims them next holds them. Nothing is held when the webhook takes deliveries again by now.
 */
export const holdDeliveries: Statement<{ held: number }> = {
  isRepeatable: true,
  row: z.object({ held: z.number() }),
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d
       WHERE d.webhook_id = :id::uuid AND d.status IN ('PENDING', 'FAILED_RETRY')
         AND (d.claimed_until IS NULL OR d.claimed_until < now())
         AND EXISTS (SELECT FROM hook.webhook_configs c
                      WHERE c.webhook_id = :id::uuid AND NOT (c.is_active AND c.mode = 'deliver'))
       ORDER BY d.delivery_id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d
         SET status = 'HELD', carrier = 'parked', generation = d.generation + 1, claim_token = NULL, claimed_until = NULL,
             claimed_by = NULL, next_retry_at = NULL, expires_at = NULL, last_activity_at = now()
        FROM l WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id
    )
    SELECT json_build_object('held', count(*))::text FROM u`,
};
