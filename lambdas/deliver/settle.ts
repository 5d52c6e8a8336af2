import type { SQSRecord } from 'aws-lambda';
import { faultBackoffMs, type Kept } from '../adapters/batch/sqs-batch.ts';
import { LOST_MARKER_AFTER_MS } from '../adapters/delivery-rows/lost-after.ts';
import { recordAttempts } from '../adapters/delivery-rows/record-attempts.ts';
import type { RecordedRow } from '../adapters/delivery-rows/record-attempts-statement.ts';
import type { AttemptOutcome } from '../domain/attempt-outcome/attempt-outcome.ts';
import type { AttemptRecord, DeliverMessage, RecordMessage } from '../domain/messages/delivery-message.ts';
import { type Carriage, DELAY_MAX_SECONDS } from '../domain/retry-schedule/carriage.ts';
import type { Attempted } from './attempt.ts';
import type { DeliverContext } from './deliver-context.ts';
import { holdOpenDeliveries } from './hold-open-deliveries.ts';
import { enqueueExhausted, enqueueNext, enqueueRecords, type Outgoing } from './outgoing.ts';
import type { Received } from './read-messages.ts';

export type Made = Extract<Attempted, { kind: 'made' }>;

/** A result to be written, and what is known of where it came from. */
interface Result {
  readonly sqsRecord: SQSRecord;
  readonly webhookId: string;
  readonly accountId: string;
  readonly attempt: AttemptRecord;
  /** Absent: a record-only message, which cannot carry the delivery on. */
  readonly message?: DeliverMessage;
  readonly carriage: Carriage;
  readonly hops: number;
}

/**
 * Record, then queue: writes the results, and only then lets go of their messages.
 * @returns the records that stay in their queue.
 */
export async function settleAttempts(context: DeliverContext, made: readonly Made[]): Promise<Kept[]> {
  return settle(
    context,
    made.map(({ task, record, outcome }) => ({
      sqsRecord: task.received.record,
      webhookId: task.webhookId,
      accountId: task.accountId,
      attempt: record,
      message: task.received.message,
      carriage: carriageOfOutcome(outcome),
      hops: task.received.message.hops,
    })),
  );
}

/** Results that waited in the queue while the database was away. */
export async function settleRecords(
  context: DeliverContext,
  received: readonly Received<RecordMessage>[],
): Promise<Kept[]> {
  return settle(
    context,
    received.map(({ record, message }) => ({
      sqsRecord: record,
      webhookId: message.webhookId,
      accountId: message.accountId,
      attempt: message.record,
      carriage: delayUntil(message.record.nextRetryAt ?? 0, context.now()),
      hops: message.hops,
    })),
  );
}

async function settle(context: DeliverContext, given: readonly Result[]): Promise<Kept[]> {
  if (given.length === 0) return [];
  const results = await withMarkers(context, given);
  const nowMs = context.now();
  const times = {
    nowMs,
    openTtlMs: context.settings.openTtlSeconds * 1000,
    callbackTimeoutMs: context.settings.callbackTimeoutSeconds * 1000,
  };
  try {
    const rows = await recordAttempts(
      context.database,
      results.map(({ attempt }) => attempt),
      times,
    );
    await holdWhatIsGone(context, results);
    return await carryOn(context, results, rows);
  } catch (error) {
    return await saveResults(context, results, error);
  }
}

/**
 * Markers before rows. Those for lost messages may be missed: the next batch writes them. A parked row has nothing but
 * its marker, so without the bucket its message waits on, an hour at most at a time.
 */
async function withMarkers(context: DeliverContext, results: readonly Result[]): Promise<readonly Result[]> {
  try {
    await context.controlBucket.markDue(results.flatMap(({ attempt }) => lookAgainAt(context, attempt)));
    return results;
  } catch (error) {
    context.log.warn('marker_not_written', { error });
    return results.map((result) => (result.attempt.outcome === 'parked' ? unparked(result) : result));
  }
}

function lookAgainAt({ settings, now }: DeliverContext, { outcome, nextRetryAt }: AttemptRecord): number[] {
  if (outcome === 'accepted') return [now() + settings.callbackTimeoutSeconds * 1000];
  if (outcome === 'exhausted') return [now() + LOST_MARKER_AFTER_MS];
  if (nextRetryAt === null) return [];
  const expiresMs = nextRetryAt + settings.openTtlSeconds * 1000;
  return [outcome === 'parked' ? nextRetryAt : nextRetryAt + LOST_MARKER_AFTER_MS, expiresMs];
}

function unparked(result: Result): Result {
  const attempt: AttemptRecord = { ...result.attempt, outcome: 'retry' };
  return { ...result, attempt, carriage: { by: 'delay', delaySeconds: DELAY_MAX_SECONDS } };
}

/** Best effort, for what the next claim of each row does anyway. */
async function holdWhatIsGone({ database, log }: DeliverContext, results: readonly Result[]): Promise<void> {
  const gone = new Set(results.flatMap(({ attempt, webhookId }) => (attempt.outcome === 'gone' ? [webhookId] : [])));
  for (const webhookId of gone) {
    log.warn('webhook_gone', { webhookId });
    await holdOpenDeliveries(database, webhookId).catch((error: unknown) => log.warn('gone_not_held', { error }));
  }
}

async function carryOn(
  context: DeliverContext,
  results: readonly Result[],
  rows: readonly RecordedRow[],
): Promise<Kept[]> {
  const statuses = new Map(rows.map((row) => [row.deliveryId, row.row]));
  const kept: Kept[] = [];
  const next: Outgoing[] = [];
  const exhausted: Outgoing[] = [];
  for (const result of results) {
    const { attempt, carriage, sqsRecord } = result;
    const row = statuses.get(attempt.deliveryId);
    if (row === null) context.log.error('result_refused', { deliveryId: attempt.deliveryId });
    // A callback, a hold or a deletion was faster: the message has nothing left to do.
    if (row?.generation !== attempt.generation) continue;
    // PENDING: a repeated write met its first one still running, and shows the row from before it. Whoever gets the
    // message reads the row as it is by then.
    const isOpen = row.status === 'PENDING' || row.status === 'FAILED_RETRY';
    if (attempt.outcome === 'exhausted' && (isOpen || row.status === 'DEAD_LETTER')) exhausted.push(outgoing(result));
    if (!isOpen || attempt.outcome !== 'retry') continue;
    if (carriage.by === 'visibility') kept.push({ record: sqsRecord, afterMs: carriage.visibilitySeconds * 1000 });
    if (carriage.by === 'delay') next.push({ ...outgoing(result), delaySeconds: carriage.delaySeconds });
  }
  const unsent = await Promise.all([enqueueNext(context, next), enqueueExhausted(context, exhausted)]);
  return [...kept, ...unsent.flat().map((record) => ({ record, afterMs: faultBackoffMs(record) }))];
}

/** The database is away: the results wait in the queue, and no receiver is asked twice. */
async function saveResults(context: DeliverContext, results: readonly Result[], error: unknown): Promise<Kept[]> {
  context.log.error('results_not_recorded', { results: results.length, error });
  const metrics = context.metrics.batch();
  metrics.count('hook_db_errors_total');
  metrics.write();
  // A record-only message that cannot be written yet is its own best copy.
  const waiting = results.filter(({ message }) => message === undefined).map(({ sqsRecord }) => sqsRecord);
  const unsaved = await enqueueRecords(context, results.filter(({ message }) => message !== undefined).map(outgoing));
  return [...waiting, ...unsaved].map((record) => ({ record, afterMs: faultBackoffMs(record) }));
}

function outgoing(result: Result): Outgoing {
  const { sqsRecord, webhookId, accountId, attempt, message, hops } = result;
  return { sqsRecord, webhookId, accountId, attempt, hops, ...(message === undefined ? {} : { message }) };
}

function carriageOfOutcome(outcome: AttemptOutcome): Carriage {
  return outcome.kind === 'retry' ? outcome.carriage : { by: 'parked' };
}

function delayUntil(dueAtMs: number, nowMs: number): Carriage {
  return { by: 'delay', delaySeconds: Math.min(DELAY_MAX_SECONDS, Math.max(0, Math.ceil((dueAtMs - nowMs) / 1000))) };
}
