import { LOST_AFTER_MS, LOST_MARKER_AFTER_MS } from '../adapters/delivery-rows/lost-after.ts';
import { dueMarkers, sweptMarkers } from '../domain/due-marker/due-marker.ts';
import { uuidFloor } from '../domain/ids/uuid.ts';
import { claimDue } from './claim-due.ts';
import { claimLastCalls } from './claim-last-calls.ts';
import { claimUnannounced } from './claim-unannounced.ts';
import { endOverdue } from './end-overdue.ts';
import { enqueueDeadLetters, enqueueDeliveries } from './enqueue.ts';
import type { EnqueuedRow } from './enqueued-row.ts';
import { releaseHeld } from './release-held.ts';
import type { Moment, SweepContext } from './sweep-context.ts';
import { takeStock } from './take-stock.ts';

const MINUTE_MS = 60_000;
const LEASE_MS = 10 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Enqueues what is due, lost or released, and ends what is overdue. Without a due marker it does not touch the
 * database, which may be asleep.
 *
 * Markers bear their minute rounded up. One is looked at from the minute before on, so that nothing waits for the round
 * minute, and deleted only by a sweep that began a whole minute after it: every row that it stands for is committed by
 * then, and due.
 * @throws DatabaseFault, or the bucket's error: the markers stay, and the next sweep does the work.
 */
export async function sweep(context: SweepContext): Promise<void> {
  const nowMs = context.now();
  const keys = await context.controlBucket.listMarkers(nowMs + MINUTE_MS);
  const due = dueMarkers(keys, nowMs + MINUTE_MS - 1);
  if (due.length === 0) return;
  const moment: Moment = { nowMs, token: context.newToken(), claimedUntilMs: nowMs + LEASE_MS };
  // For the rows that are enqueued now, should their messages be lost as well.
  const openTtlMs = context.settings.openTtlSeconds * 1000;
  await context.controlBucket.markDue([nowMs + LOST_MARKER_AFTER_MS, nowMs + openTtlMs, nowMs + graceMs(openTtlMs)]);
  const rows = await claimAll(context, moment);
  const isAllSent = await enqueueDeliveries(context, moment, rows);
  await end(context, moment);
  await tellDeadLetters(context, moment);
  const isAnyLeft = await measure(context, moment, rows);
  if (isAnyLeft || !isAllSent) await context.controlBucket.markDue([nowMs + MINUTE_MS]);
  await context.controlBucket.deleteMarkers(sweptMarkers(due, nowMs));
}

/** The due ones first, then last calls, then what was held: that has waited longest and hurries least. */
async function claimAll(context: SweepContext, moment: Moment): Promise<EnqueuedRow[]> {
  const { database, settings, limit } = context;
  const { nowMs } = moment;
  const openTtlMs = settings.openTtlSeconds * 1000;
  const due = await database.query(claimDue, { ...moment, lostBeforeMs: nowMs - LOST_AFTER_MS, limit });
  const lastMs = nowMs + graceMs(openTtlMs);
  const lastCalls = await database.query(claimLastCalls, {
    ...moment,
    claimedUntilMs: lastMs,
    expiresMs: lastMs,
    limit: limit - due.length,
  });
  const left = limit - due.length - lastCalls.length;
  const released = await database.query(releaseHeld, { ...moment, expiresMs: nowMs + openTtlMs, limit: left });
  return [...due, ...lastCalls, ...released];
}

/** What a last call has: the time of a lease, or less where rows live shorter. */
function graceMs(openTtlMs: number): number {
  return Math.min(openTtlMs, LEASE_MS);
}

async function end(context: SweepContext, { nowMs }: Moment): Promise<void> {
  const { database, settings, limit, log } = context;
  const heldBefore = uuidFloor(nowMs - settings.holdRetentionDays * DAY_MS);
  const mayExpire = await areConsumersCaughtUp(context);
  const [result] = await database.query(endOverdue, { nowMs, mayExpire, heldBefore, limit });
  if (result !== undefined && result.ended > 0) log.warn('deliveries_ended', { count: result.ended });
}

/**
 * Nothing expires while consumers are paused or down: the message of a last call is then still waiting in the retries
 * queue. A queue that is only behind puts expiry off as well, and one whose depth is unknown: both are on the safe side.
 */
async function areConsumersCaughtUp({ queues, retriesQueueUrl, log }: SweepContext): Promise<boolean> {
  try {
    return (await queues.depth(retriesQueueUrl, 0)).visible === 0;
  } catch (error) {
    log.warn('queue_depth_unknown', { error });
    return false;
  }
}

async function tellDeadLetters(context: SweepContext, moment: Moment): Promise<void> {
  const lostBeforeMs = moment.nowMs - LOST_AFTER_MS;
  const rows = await context.database.query(claimUnannounced, { ...moment, lostBeforeMs, limit: context.limit });
  await enqueueDeadLetters(context, rows);
}

/** @returns whether due work is left. */
async function measure(context: SweepContext, { nowMs }: Moment, rows: readonly EnqueuedRow[]): Promise<boolean> {
  const [stock] = await context.database.query(takeStock, { nowMs, lostBeforeMs: nowMs - LOST_AFTER_MS });
  const line = context.metrics.batch();
  line.value('hook_retry_poller_lag_seconds', Math.max(0, ...rows.map(({ lagMs }) => lagMs)) / 1000);
  line.value('hook_pending_retries_count', stock?.pendingRetries ?? 0);
  line.value('hook_webhooks_active_total', stock?.activeWebhooks ?? 0);
  line.write({ enqueued: rows.length });
  return stock?.isAnyLeft ?? true;
}
