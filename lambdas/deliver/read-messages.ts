import type { SQSRecord } from 'aws-lambda';
import { type DeliverMessage, queueMessageSchema, type RecordMessage } from '../domain/messages/delivery-message.ts';

/** A record of the batch with its message. */
export interface Received<M> {
  readonly record: SQSRecord;
  readonly message: M;
}

export interface Inbox {
  readonly deliveries: readonly Received<DeliverMessage>[];
  readonly results: readonly Received<RecordMessage>[];
  /**
   * Not to be read, or passed on too often. They are deleted: each stands for a row that says where its next step is,
   * so the sweeper finds it lost and enqueues it anew, by ids that every version can read.
   */
  readonly refused: ReadonlyArray<{ readonly record: SQSRecord; readonly reason: 'malformed' | 'too_many_hops' }>;
}

/** SQS's own loop detection is off for us; more passes than any schedule makes are a loop. */
const MAX_HOPS = 1_000;

/** Sorts a batch. A second copy of a message in one batch is left out: the first one settles both. */
export function readMessages(records: readonly SQSRecord[]): Inbox {
  const deliveries: Received<DeliverMessage>[] = [];
  const results: Received<RecordMessage>[] = [];
  const refused: Array<{ record: SQSRecord; reason: 'malformed' | 'too_many_hops' }> = [];
  const seen = new Set<string>();
  for (const record of records) {
    const message = parse(record.body);
    if (message === undefined) refused.push({ record, reason: 'malformed' });
    else if (message.hops > MAX_HOPS) refused.push({ record, reason: 'too_many_hops' });
    else if (message.kind === 'record') results.push({ record, message });
    else if (!seen.has(`${message.deliveryId} ${message.generation}`)) {
      seen.add(`${message.deliveryId} ${message.generation}`);
      deliveries.push({ record, message });
    }
  }
  return { deliveries, results, refused };
}

function parse(body: string) {
  try {
    return queueMessageSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
