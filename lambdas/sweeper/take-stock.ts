import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';
import { time } from './enqueued-row.ts';

const stockSchema = z.object({
  /** Work that was due and that this sweep did not get done: over the limit, or under somebody's lease. */
  isAnyLeft: z.boolean(),
  pendingRetries: z.number(),
  activeWebhooks: z.number(),
});

/** What is left after a sweep, leases or no leases: as long as there is any, the next minute has a marker too. */
export const takeStock: Statement<z.output<typeof stockSchema>> = {
  isRepeatable: true,
  row: stockSchema,
  sql: `
    SELECT json_build_object(
      'isAnyLeft',
        EXISTS (SELECT FROM hook.deliveries d
                 WHERE d.status IN ('PENDING', 'FAILED_RETRY') AND d.next_retry_at <= ${time(':nowMs::bigint')}
                   AND (d.carrier = 'parked' OR d.next_retry_at <= ${time(':lostBeforeMs::bigint')}))
        OR EXISTS (SELECT FROM hook.deliveries d
                    WHERE d.status IN ('PENDING', 'FAILED_RETRY', 'IN_PROGRESS') AND d.expires_at <= ${time(':nowMs::bigint')})
        OR EXISTS (SELECT FROM hook.deliveries d JOIN hook.webhook_configs c ON c.webhook_id = d.webhook_id
                    WHERE d.status = 'HELD' AND c.is_active AND c.mode = 'deliver')
        OR EXISTS (SELECT FROM hook.deliveries d
                    WHERE d.status = 'DEAD_LETTER' AND d.dead_letter_notified_at IS NULL
                      AND d.last_activity_at <= ${time(':lostBeforeMs::bigint')}),
      'pendingRetries', (SELECT count(*) FROM hook.deliveries d WHERE d.status = 'FAILED_RETRY' AND d.next_retry_at IS NOT NULL),
      'activeWebhooks', (SELECT count(*) FROM hook.webhook_configs c WHERE c.is_active))::text`,
};
