import { z } from 'zod';
import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database, Statement } from '../adapters/database/database.ts';
import type { Log } from '../adapters/log/log.ts';
import { ensurePartitions } from '../adapters/partitions/ensure-partitions.ts';

export interface DailyContext {
  readonly database: Database;
  readonly controlBucket: ControlBucket;
  readonly log: Log;
  /** Days that ended deliveries stay readable. */
  readonly terminalRetentionDays: number;
  readonly now: () => number;
}

export interface DailyResult {
  readonly made: number;
  readonly dropped: number;
  readonly forgotten: number;
}

const DAY_MS = 86_400_000;

/** A day whose lock is not had within two seconds is left for tomorrow; it returns the number of days dropped. */
const dropPartitions: Statement<{ dropped: number }> = {
  isRepeatable: true,
  row: z.object({ dropped: z.number() }),
  sql: `SELECT json_build_object('dropped', hook.drop_partitions(:beforeDay::date))::text`,
};

/** Idempotency keys resolve for 48 h, and the events queue may hold a duplicate for four days: a week is enough. */
const forgetEventKeys: Statement<{ forgotten: number }> = {
  isRepeatable: true,
  row: z.object({ forgotten: z.number() }),
  sql: `
    WITH gone AS (DELETE FROM hook.event_keys WHERE accepted_at < now() - interval '7 days' RETURNING 1)
    SELECT json_build_object('forgotten', count(*))::text FROM gone`,
};

/** DDL waits for locks and then runs for as long as it must. */
const DDL = { continueAfterTimeout: true, resumeWaitMs: 120_000 } as const;

/**
 * The one daily wake of the database: partitions ahead, old ones dropped, old keys forgotten. It also marks the running
 * minute as due, so that work whose marker was lost (the bucket away when its row was written) waits a day at most.
 */
export async function keepPartitions(context: DailyContext): Promise<DailyResult> {
  const { database, controlBucket, log, now, terminalRetentionDays } = context;
  await controlBucket.markDue([now()]);
  const [made] = await database.query(ensurePartitions, { firstDay: null, lastDay: null }, DDL);
  const [dropped] = await database.query(
    dropPartitions,
    { beforeDay: firstKeptDay(now(), terminalRetentionDays) },
    DDL,
  );
  const [forgotten] = await database.query(forgetEventKeys, {}, DDL);
  const result = {
    made: made?.made ?? 0,
    dropped: dropped?.dropped ?? 0,
    forgotten: forgotten?.forgotten ?? 0,
  };
  log.info('partitions_kept', { ...result });
  return result;
}

/** A delivery may end on the last day of a retry schedule (about half a day) after its own: one day more is kept. */
function firstKeptDay(nowMs: number, retentionDays: number): string {
  return new Date(nowMs - (retentionDays + 1) * DAY_MS).toISOString().slice(0, 10);
}
