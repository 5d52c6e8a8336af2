import type { SQSRecord } from 'aws-lambda';
import { faultBackoffMs, type Kept } from '../adapters/batch/sqs-batch.ts';
import { idBounds } from '../adapters/delivery-rows/id-bounds.ts';
import { parkAgain } from '../adapters/delivery-rows/park-again.ts';
import { recordAttempts } from '../adapters/delivery-rows/record-attempts.ts';
import {
  type DeadLetterMessage,
  type DeliverMessage,
  deadLetterQueueMessageSchema,
  type RecordMessage,
} from '../domain/messages/delivery-message.ts';
import { announce } from './announce.ts';
import type { DeadLetterContext } from './dead-letter-context.ts';

interface Received {
  readonly record: SQSRecord;
  readonly message: DeliverMessage | RecordMessage | DeadLetterMessage;
}

/**
 * What the deliver function puts on this queue is exhausted, and is announced on the bus. What SQS redrove here is
 * unexplained: its result is written if it carries one, and its row, if still open, is parked again.
 * @returns the records that stay in the queue; this queue has no dead-letter queue of its own, and keeps them 14 days.
 * @throws DatabaseFault, or the bucket's error: the whole batch comes back.
 */
export async function deadLetter(context: DeadLetterContext, records: readonly SQSRecord[]): Promise<Kept[]> {
  const received = records.flatMap((record) => read(context, record));
  const results = received.flatMap(({ message }) => (message.kind === 'record' ? [message] : []));
  await writeResults(context, results);
  await park(context, received);
  const exhausted = received.filter(
    ({ message }) =>
      message.kind === 'exhausted' || (message.kind === 'record' && message.record.outcome === 'exhausted'),
  );
  const unannounced = await announce(
    context,
    exhausted.map(({ message }) => message),
  );
  return exhausted
    .filter(({ message }) => unannounced.has(message.deliveryId))
    .map(({ record }) => ({ record, afterMs: faultBackoffMs(record) }));
}

/** What cannot be read is left out, and with that deleted: its row is open and past due, which the sweeper finds. */
function read({ log, metrics }: DeadLetterContext, record: SQSRecord): Received[] {
  const message = parse(record.body);
  if (message !== undefined) return [{ record, message }];
  log.error('message_refused', { messageId: record.messageId, reason: 'malformed' });
  const batch = metrics.batch();
  batch.count('hook_messages_refused_total');
  batch.write();
  return [];
}

function parse(body: string) {
  try {
    return deadLetterQueueMessageSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

async function writeResults(context: DeadLetterContext, results: readonly RecordMessage[]): Promise<void> {
  if (results.length === 0) return;
  const { settings } = context;
  const times = {
    nowMs: context.now(),
    openTtlMs: settings.openTtlSeconds * 1000,
    callbackTimeoutMs: settings.callbackTimeoutSeconds * 1000,
  };
  await context.controlBucket.markDue([times.nowMs, times.nowMs + times.callbackTimeoutMs]);
  await recordAttempts(
    context.database,
    results.map(({ record }) => record),
    times,
  );
}

/** Markers first: a parked row has nothing else. */
async function park(context: DeadLetterContext, received: readonly Received[]): Promise<void> {
  const unexplained = received.filter(({ message }) => message.kind !== 'exhausted').map(({ message }) => message);
  if (unexplained.length === 0) return;
  const nowMs = context.now();
  const expiresMs = nowMs + context.settings.openTtlSeconds * 1000;
  const dueAtMs = unexplained.flatMap((message) =>
    message.kind === 'record' && message.record.nextRetryAt !== null ? [message.record.nextRetryAt] : [],
  );
  await context.controlBucket.markDue([nowMs, expiresMs, ...dueAtMs]);
  const [result] = await context.database.query(parkAgain, {
    messages: JSON.stringify(unexplained.map(({ deliveryId, generation }) => ({ d: deliveryId, g: generation }))),
    ...idBounds(unexplained.map(({ deliveryId }) => deliveryId)),
    nowMs,
    expiresMs,
    token: null,
  });
  context.log.error('messages_unexplained', {
    parked: result?.parked ?? 0,
    deliveryIds: unexplained.map(({ deliveryId }) => deliveryId),
  });
}
