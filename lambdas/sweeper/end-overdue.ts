import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';
import { time } from './enqueued-row.ts';

/**
 * Ends what has had its time: open rows after their last call (only where `mayExpire`), async ones whose callback did
 * not come, held ones past their retention. The reason is on record: nothing is silently gone.
 */
export const endOverdue: Statement<{ ended: number }> = {
  isRepeatable: true,
  row: z.object({ ended: z.number() }),
  sql: `
    WITH due AS MATERIALIZED (
      (SELECT d.delivery_id FROM hook.deliveries d
        WHERE :mayExpire::boolean AND d.status IN ('PENDING', 'FAILED_RETRY')
          AND d.expires_at <= ${time(':nowMs::bigint')} AND d.last_call_at IS NOT NULL
          AND (d.claimed_until IS NULL OR d.claimed_until < ${time(':nowMs::bigint')})
        ORDER BY d.expires_at LIMIT :limit)
      UNION ALL
      (SELECT d.delivery_id FROM hook.deliveries d
        WHERE d.status = 'IN_PROGRESS' AND d.expires_at <= ${time(':nowMs::bigint')}
        ORDER BY d.expires_at LIMIT :limit)
      UNION ALL
      (SELECT d.delivery_id FROM hook.deliveries d
        WHERE d.status = 'HELD' AND d.delivery_id < :heldBefore::uuid
        ORDER BY d.delivery_id LIMIT :limit)
    ), l AS MATERIALIZED (
      SELECT d.delivery_id FROM due JOIN hook.deliveries d ON d.delivery_id = due.delivery_id
       WHERE (d.status = 'HELD' AND d.delivery_id < :heldBefore::uuid) OR d.expires_at <= ${time(':nowMs::bigint')}
       ORDER BY d.delivery_id FOR UPDATE OF d SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d
         SET status = 'FAILED',
             failure_reason = CASE d.status WHEN 'IN_PROGRESS' THEN 'callback_timeout' ELSE 'expired' END,
             last_error = CASE d.status WHEN 'IN_PROGRESS' THEN 'callback_timeout: no callback before the deadline'
                                        ELSE coalesce(d.last_error, 'expired: no attempt was made in time') END,
             carrier = 'parked', claim_token = NULL, claimed_until = NULL, claimed_by = NULL, next_retry_at = NULL,
             expires_at = NULL, last_activity_at = ${time(':nowMs::bigint')}
        FROM l
       WHERE d.delivery_id = l.delivery_id AND d.status IN ('PENDING', 'FAILED_RETRY', 'IN_PROGRESS', 'HELD')
      RETURNING d.delivery_id
    )
    SELECT json_build_object('ended', count(*))::text FROM u`,
};
