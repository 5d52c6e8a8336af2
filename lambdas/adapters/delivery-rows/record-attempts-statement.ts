import { z } from 'zod';
import type { Statement } from '../database/database.ts';

const rowSchema = z.object({
  deliveryId: z.string(),
  generation: z.number(),
  attemptNumber: z.number(),
  /** What the row is after the statement; null when there is no such row any more. */
  row: z.object({ status: z.string(), generation: z.number() }).nullable(),
});

export type RecordedRow = z.output<typeof rowSchema>;

/** A column's new value where the attempt decides, its old one where a callback, a hold or a deletion was faster. */
const decided = (column: string, value: string) =>
  `${column} = CASE WHEN d.status IN ('PENDING', 'FAILED_RETRY') THEN ${value} ELSE d.${column} END`;

const time = (ms: string) => `to_timestamp(${ms} / 1000.0)`;

/** A result that comes late finds somebody else at work on the row: whose lease it is, it stays. */
const unlessOthers = (column: string) =>
  `CASE WHEN d.claim_token = m.t OR d.claimed_until < ${time(':nowMs::bigint')} THEN NULL ELSE d.${column} END`;

/**
 * Writes attempts and what they make of their deliveries.
 * - The UPDATE is driven by what the INSERT really inserted: a call that timed out and ran nevertheless counts once.
 * - Rows are locked in order first: unordered batches met in 46 deadlocks of 320, ordered ones in none.
 * - A row that is IN_PROGRESS or ended (a verified callback beats an attempt's result) gets its attempt and the count of
 *   them, nothing else; one of another generation not even that.
 * - `gone` disables the webhook, unless its owner changed it after the attempt began.
 * Each delivery may stand in it once.
 */
export const recordAttemptsStatement: Statement<RecordedRow> = {
  isRepeatable: true,
  row: rowSchema,
  sql: `
    WITH m AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(:attempts::text::jsonb) AS x(
        d uuid, g int, n int, t uuid, s bigint, du int, hs smallint, er text, rh text, rb text, o text, nx bigint)
    ), a AS (
      INSERT INTO hook.delivery_attempts (delivery_id, generation, attempt_number, started_at, duration_ms, http_status,
                                          error, response_headers, response_body)
      SELECT m.d, m.g, m.n, ${time('m.s')}, m.du, m.hs, m.er, m.rh, decode(m.rb, 'base64') FROM m
       ORDER BY m.d, m.g, m.n
      ON CONFLICT DO NOTHING
      RETURNING delivery_id, generation
    ), l AS MATERIALIZED (
      SELECT d.delivery_id FROM hook.deliveries d JOIN a ON a.delivery_id = d.delivery_id
       WHERE d.delivery_id BETWEEN :low::uuid AND :high::uuid
       ORDER BY d.delivery_id FOR UPDATE OF d
    ), u AS (
      UPDATE hook.deliveries d SET
             attempts = greatest(d.attempts, m.n),
             ${decided(
               'status',
               `CASE m.o WHEN 'delivered' THEN 'DELIVERED' WHEN 'accepted' THEN 'IN_PROGRESS'
                                           WHEN 'gone' THEN 'FAILED' WHEN 'exhausted' THEN 'DEAD_LETTER'
                                           ELSE 'FAILED_RETRY' END`,
             )},
             ${decided('carrier', `CASE m.o WHEN 'retry' THEN 'retries' ELSE 'parked' END`)},
             ${decided('next_retry_at', time('m.nx'))},
             ${decided('last_error', 'm.er')},
             ${decided('failure_reason', `CASE WHEN m.o IN ('gone', 'exhausted') THEN m.o END`)},
             ${decided('delivered_at', `CASE m.o WHEN 'delivered' THEN ${time('(m.s + m.du)')} END`)},
             ${decided('last_activity_at', time(':nowMs::bigint'))},
             ${decided(
               'expires_at',
               `CASE WHEN m.o IN ('retry', 'parked') THEN ${time('(m.nx + :openTtlMs::bigint)')}
                     WHEN m.o = 'accepted' THEN ${time('(:nowMs::bigint + :callbackTimeoutMs::bigint)')} END`,
             )},
             ${decided('last_call_at', 'NULL')},
             ${decided('claim_token', unlessOthers('claim_token'))},
             ${decided('claimed_until', unlessOthers('claimed_until'))},
             ${decided('claimed_by', unlessOthers('claimed_by'))}
        FROM l JOIN m ON m.d = l.delivery_id
       WHERE d.delivery_id = l.delivery_id AND d.generation = m.g
         AND d.delivery_id BETWEEN :low::uuid AND :high::uuid
      RETURNING d.delivery_id, d.webhook_id, d.status, d.generation, d.failure_reason, m.o, m.s
    ), c AS (
      UPDATE hook.webhook_configs c
         SET is_active = false, disabled_reason = 'gone', updated_at = clock_timestamp()
        FROM (SELECT DISTINCT ON (u.webhook_id) u.webhook_id, u.s FROM u
               WHERE u.o = 'gone' AND u.failure_reason = 'gone' ORDER BY u.webhook_id, u.s DESC) gone
       WHERE c.webhook_id = gone.webhook_id AND c.is_active AND c.updated_at <= ${time('gone.s')}
    )
    SELECT json_build_object(
             'deliveryId', m.d, 'generation', m.g, 'attemptNumber', m.n,
             'row', CASE WHEN d.delivery_id IS NOT NULL
                         THEN json_build_object('status', coalesce(u.status, d.status),
                                                'generation', coalesce(u.generation, d.generation)) END)::text
      FROM m LEFT JOIN u ON u.delivery_id = m.d
             LEFT JOIN hook.deliveries d ON d.delivery_id = m.d AND d.delivery_id BETWEEN :low::uuid AND :high::uuid`,
};
