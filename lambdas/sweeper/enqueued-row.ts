import { z } from 'zod';

/** A row that a statement of the sweeper claimed, to be enqueued by its ids. */
export const enqueuedRowSchema = z.object({
  deliveryId: z.string(),
  generation: z.number(),
  webhookId: z.string(),
  /** How long it was due before. */
  lagMs: z.number(),
});

export type EnqueuedRow = z.output<typeof enqueuedRowSchema>;

/**
 * Of an UPDATE's CTE `u` that returns delivery_id, generation, webhook_id and lag_ms. In order of acceptance: RETURNING
 * has none of its own, and what was held is let go oldest first (design section 10).
 */
export const ENQUEUED_ROWS = `
  SELECT json_build_object('deliveryId', u.delivery_id, 'generation', u.generation, 'webhookId', u.webhook_id,
                           'lagMs', greatest(0, round(u.lag_ms)))::text
    FROM u ORDER BY u.delivery_id`;

export const time = (ms: string) => `to_timestamp(${ms} / 1000.0)`;

/** Leases, carrier and due time of a row that is enqueued now: lost again only 15 min from now. */
export const ENQUEUE_COLUMNS = `
  carrier = 'retries', claim_token = :token::uuid, claimed_by = 'sweeper',
  claimed_until = ${time(':claimedUntilMs::bigint')}, next_retry_at = ${time(':nowMs::bigint')}`;
