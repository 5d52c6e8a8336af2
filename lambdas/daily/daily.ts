import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import type { Log } from '../adapters/log/log.ts';
import { ensurePartitions } from '../adapters/partitions/ensure-partitions.ts';
import type { Settings } from '../domain/configuration/settings.ts';
import { cancelOrphans } from './cancel-orphans.ts';
import { dropPartitions } from './drop-partitions.ts';
import { forgetKeys } from './forget-keys.ts';

export interface DailyContext {
  readonly database: Database;
  readonly controlBucket: ControlBucket;
  readonly log: Log;
  readonly settings: Pick<Settings, 'terminalRetentionDays'>;
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
const KEYS_KEPT_MS = 7 * DAY_MS;
const KEYS_A_CALL = 5_000;
const ORPHANS_A_CALL = 5_000;
/** Nobody waits for this function, and the database it wakes may have slept for a day. */
const PATIENT = { resumeWaitMs: 60_000, continueAfterTimeout: true };

/**
 * The one daily wake: makes partitions ahead, drops old ones, forgets old keys, cancels what no webhook is left for. It leaves a marker as well, so that a
 * sweep looks at everything once a day: should a marker ever be lost, its work is late by a day, and not lost.
 * One step that fails keeps no other from running.
 * @throws AggregateError of the steps that failed, so that the invocation counts as an error.
 */
export async function runDaily(context: DailyContext): Promise<void> {
  const { database, controlBucket, log, settings, now } = context;
  const beforeDay = new Date(now() - (settings.terminalRetentionDays + 1) * DAY_MS).toISOString().slice(0, 10);
  const results: Record<string, unknown> = {};
  const errors: unknown[] = [];
  const step = async (name: string, run: () => Promise<unknown>) => {
    try {
      results[name] = await run();
    } catch (error) {
      log.error('daily_step_failed', { step: name, error });
      errors.push(error);
    }
  };
  await step('marker', () => controlBucket.markDue([now()]));
  await step(
    'made',
    async () => (await database.query(ensurePartitions, { firstDay: null, lastDay: null }, PATIENT))[0]?.made,
  );
  await step('cancelled', () => cancelAllOrphans(database));
  await step('dropped', async () => (await database.query(dropPartitions, { beforeDay }, PATIENT))[0]?.dropped);
  await step('forgotten', () => forgetAllKeys(database, now() - KEYS_KEPT_MS));
  log.info('daily_done', results);
  if (errors.length > 0) throw new AggregateError(errors, 'daily steps failed');
}

async function forgetAllKeys(database: Database, beforeMs: number): Promise<number> {
  let total = 0;
  for (;;) {
    const [result] = await database.query(forgetKeys, { beforeMs, limit: KEYS_A_CALL }, PATIENT);
    const forgotten = result?.forgotten ?? 0;
    total += forgotten;
    if (forgotten < KEYS_A_CALL) return total;
  }
}

async function cancelAllOrphans(database: Database): Promise<number> {
  let total = 0;
  for (;;) {
    const [result] = await database.query(cancelOrphans, { limit: ORPHANS_A_CALL }, PATIENT);
    const cancelled = result?.cancelled ?? 0;
    total += cancelled;
    if (cancelled < ORPHANS_A_CALL) return total;
  }
}
