import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';
import { SNAPSHOT_JSON, snapshotRowSchema } from '../adapters/delivery-rows/webhook-snapshot.ts';
import { PAYLOAD_PART_CHARS } from '../domain/packing/payload-parts.ts';

const identity = { deliveryId: z.string(), generation: z.number() };

const claimRowSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('claimed'),
    ...identity,
    attempts: z.number(),
    accountId: z.string(),
    webhookId: z.string(),
    eventUuid: z.string(),
    apiVersion: z.enum(['v1', 'v2']),
    snapshot: snapshotRowSchema,
    /** Given where the message asked for it; `payload` is null when it is larger than one part. */
    event: z
      .object({
        id: z.string(),
        type: z.string(),
        timestamp: z.string(),
        objectType: z.string().nullable(),
        objectId: z.string().nullable(),
        payload: z.string().nullable(),
      })
      .nullable(),
  }),
  /** The webhook takes nothing now: this claim has just held (or cancelled) the delivery. */
  z.object({ kind: z.literal('stopped'), ...identity, status: z.enum(['HELD', 'CANCELLED']) }),
  /** Not claimed; the row as it stands says why. */
  z.object({
    kind: z.literal('unclaimed'),
    ...identity,
    row: z
      .object({
        status: z.string(),
        generation: z.number(),
        carrier: z.string(),
        webhookId: z.string(),
        isNotified: z.boolean(),
        dueInMs: z.number(),
        leaseLeftMs: z.number(),
      })
      .nullable(),
  }),
]);

export type ClaimRow = z.output<typeof claimRowSchema>;

/**
 * A row has 64 KB. As a JSON string, 15,000 characters in so many bytes take 50 KB at most; the URL, ids and keys, all of
 * the widest characters, take 12 KB.
 * Source: Aurora User Guide, data-api.limitations.
 */
const CLAIMED_PAYLOAD_MAX_BYTES = 45_000;

const time = (ms: string) => `to_timestamp(${ms} / 1000.0)`;
const isoTime = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Claims the deliveries of a batch of messages, and reads all that a send needs: the batch's one read.
 * - A row is claimed where it is open, due, carried by a queue, of the message's generation, and not under somebody
 *   else's lease. The lease that the message itself was enqueued under (fan-out's, the sweeper's) is no obstacle, and
 *   the token always changes: else a second copy of the message would pass too. Nor is this very claim's own, for it
 *   may be made again: by halves where a row was refused, or after a broken connection.
 * - Rows are locked in order first, and locked ones are skipped: somebody is at work on them.
 * - A webhook that is inactive, on hold or deleted stops the delivery here, with a new generation.
 * - A batch may hold messages of two generations of one delivery: the verdict is of the message that has the row's.
 * - Why a row was not claimed cannot be told from UPDATE … RETURNING: the second join gives the row as it stands.
 * - A claim is an activity: it moves the expiry, so that nothing expires whose sends are only deferred.
 */
export const claimDeliveries: Statement<ClaimRow> = {
  isRepeatable: true,
  row: claimRowSchema,
  sql: `
    WITH m AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(:messages::text::jsonb) AS x(d uuid, g int, t uuid, e boolean)
    ), l AS MATERIALIZED (
      SELECT d.delivery_id, m.g,
             CASE WHEN c.webhook_id IS NULL THEN 'CANCELLED'
                  WHEN c.is_active AND c.mode = 'deliver' THEN 'claimed' ELSE 'HELD' END AS verdict
        FROM m JOIN hook.deliveries d ON d.delivery_id = m.d AND d.generation = m.g
               LEFT JOIN hook.webhook_configs c ON c.webhook_id = d.webhook_id
       WHERE d.delivery_id BETWEEN :low::uuid AND :high::uuid
         AND d.status IN ('PENDING', 'FAILED_RETRY') AND d.carrier <> 'parked'
         AND (d.next_retry_at IS NULL OR d.next_retry_at <= ${time('(:nowMs::bigint + 500)')})
         AND (d.claimed_until IS NULL OR d.claimed_until < ${time(':nowMs::bigint')}
              OR d.claim_token IN (m.t, :token::uuid))
       ORDER BY d.delivery_id FOR UPDATE OF d SKIP LOCKED
    ), u AS (
      UPDATE hook.deliveries d SET
             status           = CASE l.verdict WHEN 'claimed' THEN d.status ELSE l.verdict END,
             generation       = d.generation + CASE l.verdict WHEN 'HELD' THEN 1 ELSE 0 END,
             carrier          = CASE l.verdict WHEN 'claimed' THEN d.carrier ELSE 'parked' END,
             claim_token      = CASE l.verdict WHEN 'claimed' THEN :token::uuid END,
             claimed_until    = CASE l.verdict WHEN 'claimed' THEN ${time(':claimedUntilMs::bigint')} END,
             claimed_by       = CASE l.verdict WHEN 'claimed' THEN 'deliver' END,
             next_retry_at    = CASE l.verdict WHEN 'claimed' THEN d.next_retry_at END,
             expires_at       = CASE l.verdict WHEN 'claimed' THEN ${time(':expiresMs::bigint')} END,
             last_call_at     = NULL,
             last_activity_at = ${time(':nowMs::bigint')}
        FROM l
       WHERE d.delivery_id = l.delivery_id AND d.delivery_id BETWEEN :low::uuid AND :high::uuid
      RETURNING d.delivery_id, d.attempts, d.account_id, d.webhook_id, d.event_uuid, d.api_version, d.status,
                l.verdict, l.g
    )
    SELECT CASE
      WHEN u.verdict = 'claimed' THEN json_build_object(
        'kind', 'claimed', 'deliveryId', m.d, 'generation', m.g, 'attempts', u.attempts, 'accountId', u.account_id,
        'webhookId', u.webhook_id, 'eventUuid', u.event_uuid, 'apiVersion', u.api_version,
        'snapshot', ${SNAPSHOT_JSON},
        'event', CASE WHEN e.event_uuid IS NOT NULL THEN json_build_object(
          'id', coalesce(e.event_key, e.event_uuid::text), 'type', e.event_type,
          'timestamp', coalesce(e.shown_time, ${isoTime('e.accepted_at')}),
          'objectType', e.object_type, 'objectId', e.object_id,
          'payload', CASE WHEN char_length(e.payload_snapshot) <= ${PAYLOAD_PART_CHARS}
                           AND octet_length(e.payload_snapshot) <= ${CLAIMED_PAYLOAD_MAX_BYTES} THEN e.payload_snapshot END) END)
      WHEN u.verdict IS NOT NULL THEN json_build_object(
        'kind', 'stopped', 'deliveryId', m.d, 'generation', m.g, 'status', u.status)
      ELSE json_build_object(
        'kind', 'unclaimed', 'deliveryId', m.d, 'generation', m.g,
        'row', CASE WHEN d.delivery_id IS NOT NULL THEN json_build_object(
          'status', d.status, 'generation', d.generation, 'carrier', d.carrier, 'webhookId', d.webhook_id,
          'isNotified', d.dead_letter_notified_at IS NOT NULL,
          'dueInMs', greatest(0, ceil(coalesce(extract(epoch FROM d.next_retry_at) * 1000 - :nowMs::bigint, 0))),
          'leaseLeftMs', greatest(0, ceil(coalesce(extract(epoch FROM d.claimed_until) * 1000 - :nowMs::bigint, 0)))) END)
      END::text
      FROM m LEFT JOIN u ON u.delivery_id = m.d AND u.g = m.g
             LEFT JOIN hook.webhook_configs c ON c.webhook_id = u.webhook_id
             LEFT JOIN hook.account_keys k ON k.account_id = u.account_id
             LEFT JOIN hook.events e ON m.e AND e.event_uuid = u.event_uuid
                                    AND e.event_uuid BETWEEN :low::uuid AND :high::uuid
             LEFT JOIN hook.deliveries d ON d.delivery_id = m.d AND d.delivery_id BETWEEN :low::uuid AND :high::uuid`,
};
