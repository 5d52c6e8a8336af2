import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';

/**
 * Deletes idempotency keys that no queue can bring back: a key resolves for 48 h, and the events queue may hold a
 * duplicate for four days. In parts, so that no call comes near its 45 s; rows that a fan-out holds are left.
 */
export const forgetKeys: Statement<{ forgotten: number }> = {
  isRepeatable: true,
  row: z.object({ forgotten: z.number() }),
  sql: `
    WITH l AS MATERIALIZED (
      SELECT k.account_id, k.event_key FROM hook.event_keys k
       WHERE k.accepted_at < to_timestamp(:beforeMs::bigint / 1000.0)
       ORDER BY k.account_id, k.event_key LIMIT :limit FOR UPDATE SKIP LOCKED
    ), x AS (
      DELETE FROM hook.event_keys k USING l WHERE k.account_id = l.account_id AND k.event_key = l.event_key
      RETURNING k.event_key
    )
    SELECT json_build_object('forgotten', count(*))::text FROM x`,
};
