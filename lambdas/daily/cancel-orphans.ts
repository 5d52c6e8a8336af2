import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';

/**
 * Cancels held deliveries whose webhook is no more. Its deletion cancels what it sees; a delivery that was being held, or
 * fanned out, at that moment is not among those, and nobody would release it.
 */
export const cancelOrphans: Statement<{ cancelled: number }> = {
  isRepeatable: true,
  row: z.object({ cancelled: z.number() }),
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d
       WHERE d.status = 'HELD'
         AND NOT EXISTS (SELECT FROM hook.webhook_configs c WHERE c.webhook_id = d.webhook_id)
       ORDER BY d.delivery_id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d SET status = 'CANCELLED', expires_at = NULL, last_activity_at = now()
        FROM l WHERE d.delivery_id = l.delivery_id
      RETURNING d.delivery_id
    )
    SELECT json_build_object('cancelled', count(*))::text FROM u`,
};
