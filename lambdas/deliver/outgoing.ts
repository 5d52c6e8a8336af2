import type { SQSRecord } from 'aws-lambda';
import type { QueueMessage } from '../adapters/queues/queues.ts';
import type {
  AttemptRecord,
  DeadLetterMessage,
  DeliverMessage,
  RecordMessage,
} from '../domain/messages/delivery-message.ts';
import type { DeliverContext } from './deliver-context.ts';

/** What a settled result sends on. The record stays in its queue when that cannot be sent. */
export interface Outgoing {
  readonly sqsRecord: SQSRecord;
  readonly accountId: string;
  readonly webhookId: string;
  readonly attempt: AttemptRecord;
  readonly message?: DeliverMessage;
  readonly hops: number;
  readonly delaySeconds?: number;
}

interface Tracked extends QueueMessage {
  readonly sqsRecord: SQSRecord;
}

/** Before the first try to write a result that could not be written; later ones back off by themselves. */
const RECORD_DELAY_SECONDS = 30;

/** The next attempt, on the retries queue. @returns the records whose message was not sent. */
export function enqueueNext(context: DeliverContext, items: readonly Outgoing[]): Promise<SQSRecord[]> {
  return sendAll(context, context.retriesQueueUrl, items, (item) => {
    const { deliveryId, generation } = item.attempt;
    // Its event travels on, its configuration does not: the claim reads that anew.
    const { delivery, event } = item.message ?? {};
    const message: DeliverMessage = {
      v: 1,
      kind: 'deliver',
      deliveryId,
      generation,
      hops: item.hops + 1,
      ...(delivery === undefined ? {} : { delivery }),
      ...(event === undefined ? {} : { event }),
    };
    return { message, delaySeconds: item.delaySeconds ?? 0 };
  });
}

/** Tells the dead-letter function. @returns the records whose message was not sent. */
export function enqueueExhausted(context: DeliverContext, items: readonly Outgoing[]): Promise<SQSRecord[]> {
  return sendAll(context, context.deadLettersQueueUrl, items, ({ attempt, hops }) => {
    const { deliveryId, generation } = attempt;
    const message: DeadLetterMessage = { v: 1, kind: 'exhausted', deliveryId, generation, hops: hops + 1 };
    return { message, delaySeconds: 0 };
  });
}

/** Saves results that could not be written. @returns the records whose result was not saved. */
export function enqueueRecords(context: DeliverContext, items: readonly Outgoing[]): Promise<SQSRecord[]> {
  return sendAll(context, context.retriesQueueUrl, items, ({ attempt, accountId, webhookId, hops }) => {
    const { deliveryId, generation } = attempt;
    const message: RecordMessage = {
      v: 1,
      kind: 'record',
      deliveryId,
      generation,
      hops: hops + 1,
      accountId,
      webhookId,
      record: attempt,
    };
    return { message, delaySeconds: RECORD_DELAY_SECONDS };
  });
}

async function sendAll(
  { queues, log }: DeliverContext,
  queueUrl: string,
  items: readonly Outgoing[],
  of: (item: Outgoing) => { readonly message: object; readonly delaySeconds: number },
): Promise<SQSRecord[]> {
  const messages = items.map((item): Tracked => {
    const { message, delaySeconds } = of(item);
    return { body: JSON.stringify(message), groupId: item.webhookId, delaySeconds, sqsRecord: item.sqsRecord };
  });
  const failures = await queues.sendAll(queueUrl, messages);
  if (failures.length > 0) log.warn('messages_not_sent', { count: failures.length, code: failures[0]?.code });
  return failures.map(({ message }) => message.sqsRecord);
}
