import { setTimeout as wait } from 'node:timers/promises';
import type { SQSRecord } from 'aws-lambda';
import { faultBackoffMs, type Kept } from '../adapters/batch/sqs-batch.ts';
import { isDatabaseFault } from '../adapters/database/database-fault.ts';
import { KmsFault } from '../adapters/secrets/kms-fault.ts';
import type { DeliverMessage } from '../domain/messages/delivery-message.ts';
import type { Lane } from '../domain/retry-schedule/carriage.ts';
import { type Attempted, attempt } from './attempt.ts';
import { type Claim, claimAll } from './claim.ts';
import { countAttempts } from './count-attempts.ts';
import type { DeliverContext } from './deliver-context.ts';
import { giveBackLeases } from './give-back-leases.ts';
import { enqueueExhaustedAgain } from './notify-again.ts';
import { type Inbox, type Received, readMessages } from './read-messages.ts';
import { type Made, settleAttempts, settleRecords } from './settle.ts';
import { type Task, unreadTask } from './task.ts';

/** Results that are in by then are written then, the rest in one further write. Source: design section 1. */
const FIRST_WRITE_AFTER_MS = 2_000;

/**
 * Makes the deliveries of a batch of messages of either lane.
 * @returns the records that stay in their queue.
 */
export async function deliver(context: DeliverContext, records: readonly SQSRecord[]): Promise<Kept[]> {
  const inbox = readMessages(records);
  reportRefused(context, inbox);
  const lane = laneOf(context, records);
  const nowMs = context.now();
  const unread: Task[] = [];
  const toClaim: Received<DeliverMessage>[] = [];
  for (const received of inbox.deliveries) {
    const task = unreadTask(received, { settings: context.settings, nowMs });
    if (task === undefined) toClaim.push(received);
    else unread.push(task);
  }
  // The unread ones are on their way while the others are being claimed.
  const kept = await Promise.all([
    settleRecords(context, inbox.results),
    sendAndSettle(context, unread, lane),
    claimAndSend(context, toClaim, lane),
  ]);
  return kept.flat();
}

function laneOf({ retriesQueueUrl }: DeliverContext, [first]: readonly SQSRecord[]): Lane {
  const name = first?.eventSourceARN.split(':').at(-1);
  return name !== undefined && retriesQueueUrl.endsWith(`/${name}`) ? 'retries' : 'deliveries';
}

function reportRefused({ log, metrics }: DeliverContext, { refused }: Inbox): void {
  if (refused.length === 0) return;
  for (const { record, reason } of refused) log.error('message_refused', { messageId: record.messageId, reason });
  const batch = metrics.batch();
  batch.count('hook_messages_refused_total', refused.length);
  batch.write();
}

async function claimAndSend(
  context: DeliverContext,
  inbox: readonly Received<DeliverMessage>[],
  lane: Lane,
): Promise<Kept[]> {
  const { database, settings } = context;
  let claims: Claim[];
  try {
    claims = await claimAll({ database, settings, nowMs: context.now(), token: context.newToken() }, inbox);
  } catch (error) {
    reportFault(context, error, inbox.length);
    return inbox.map(({ record }) => ({ record, afterMs: faultBackoffMs(record) }));
  }
  const waiting = claims.flatMap((claim): Kept[] => {
    if (claim.kind === 'refused') {
      reportFault(context, claim.error, 1);
      return [{ record: claim.received.record, afterMs: faultBackoffMs(claim.received.record) }];
    }
    return claim.kind === 'wait' ? [{ record: claim.received.record, afterMs: claim.afterMs }] : [];
  });
  const unannounced = claims.flatMap((claim) => (claim.kind === 'notify' ? [claim] : []));
  const tasks = claims.flatMap((claim) => (claim.kind === 'send' ? [claim.task] : []));
  const kept = await Promise.all([enqueueExhaustedAgain(context, unannounced), sendAndSettle(context, tasks, lane)]);
  return [...waiting, ...kept.flat()];
}

/** Sends all at once; no neighbour waits for the slowest to have its result written. */
async function sendAndSettle(context: DeliverContext, tasks: readonly Task[], lane: Lane): Promise<Kept[]> {
  if (tasks.length === 0) return [];
  const done: Attempted[] = [];
  const sends = Promise.all(tasks.map(async (task) => done.push(await attempt(context, task, lane))));
  const timer = new AbortController();
  await Promise.race([sends, wait(FIRST_WRITE_AFTER_MS, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
  const first = done.splice(0);
  const kept = await Promise.all([
    settleDone(context, first),
    // By then `done` holds what the first write did not take.
    sends.then(() => settleDone(context, done)),
  ]);
  return kept.flat();
}

async function settleDone(context: DeliverContext, done: readonly Attempted[]): Promise<Kept[]> {
  if (done.length === 0) return [];
  const made = done.flatMap((attempted): Made[] => (attempted.kind === 'made' ? [attempted] : []));
  const deferred = done.flatMap((attempted) => (attempted.kind === 'deferred' ? [attempted] : []));
  countAttempts(context.metrics, made);
  const kept = await Promise.all([putOff(context, deferred), settleAttempts(context, made)]);
  return kept.flat();
}

/** Of what a fault of ours kept from being sent: it comes back after its backoff, to nobody's lease. */
async function putOff(
  context: DeliverContext,
  deferred: readonly Extract<Attempted, { kind: 'deferred' }>[],
): Promise<Kept[]> {
  const [first] = deferred;
  if (first === undefined) return [];
  reportFault(context, first.error, deferred.length);
  const leases = deferred.map(({ task: { received, lease } }) => ({
    deliveryId: received.message.deliveryId,
    token: lease.token,
  }));
  await giveBackLeases(context.database, leases).catch((error: unknown) =>
    context.log.warn('leases_not_given_back', { error }),
  );
  return deferred.map(({ task: { received } }) => ({
    record: received.record,
    afterMs: faultBackoffMs(received.record),
  }));
}

function reportFault({ log, metrics }: DeliverContext, error: unknown, messages: number): void {
  log.error('deliveries_deferred', { messages, error });
  const batch = metrics.batch();
  if (isDatabaseFault(error)) batch.count('hook_db_errors_total');
  if (error instanceof KmsFault) batch.count('hook_kms_errors_total');
  batch.write();
}
