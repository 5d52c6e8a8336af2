import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { outageBackoffSeconds } from '../../domain/retry-schedule/outage-backoff.ts';
import { queueUrlFromArn } from '../queues/queue-url.ts';
import type { Queues } from '../queues/queues.ts';

/** A record that stays in its queue, and the ms after which it is to come back (absent: the queue's own timeout). */
export interface Kept {
  readonly record: SQSRecord;
  readonly afterMs?: number;
}

export interface SqsBatchProps {
  /** Works on a whole batch and returns the records that must stay in the queue; all others are deleted. */
  readonly run: (records: readonly SQSRecord[]) => Promise<readonly Kept[]>;
  /** Called when `run` throws: every record stays, and comes back after its backoff. */
  readonly onFault: (error: unknown) => void;
  readonly queues: Pick<Queues, 'changeVisibility'>;
}

/**
 * Runs a batch of SQS records with partial failures. A record in `batchItemFailures` keeps the visibility that was set
 * for it here; an unknown identifier would fail the whole batch (Lambda Developer Guide, "Handling errors for an SQS
 * event source"), so only ids of this batch are ever reported. Middy has no partial-batch middleware for its current
 * version, and a router or parser is not needed here: these lines are all there is to it.
 */
export function sqsBatchHandler({ run, onFault, queues }: SqsBatchProps) {
  return async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
    const kept = await run(records).catch((error: unknown) => {
      onFault(error);
      return records.map((record) => ({ record, afterMs: faultBackoffMs(record) }));
    });
    const changes = kept.flatMap(({ record, afterMs }) =>
      afterMs === undefined
        ? []
        : [{ receiptHandle: record.receiptHandle, timeoutSeconds: visibilitySeconds(afterMs) }],
    );
    const arn = records[0]?.eventSourceARN;
    if (changes.length > 0 && arn !== undefined) await queues.changeVisibility(queueUrlFromArn(arn), changes);
    return { batchItemFailures: kept.map(({ record }) => ({ itemIdentifier: record.messageId })) };
  };
}

/** A message's visibility may be 12 h at most since its receive; an hour is what we ever use. */
const LONGEST_VISIBILITY_SECONDS = 3_600;

/** How long a record waits after a fault of the database or KMS. */
export function faultBackoffMs(record: SQSRecord): number {
  return outageBackoffSeconds(receiveCount(record) - 1) * 1000;
}

export function receiveCount(record: SQSRecord): number {
  return Number(record.attributes.ApproximateReceiveCount);
}

/** Rounded up, so that nothing comes back before its time. */
export function visibilitySeconds(afterMs: number): number {
  return Math.min(LONGEST_VISIBILITY_SECONDS, Math.max(0, Math.ceil(afterMs / 1000)));
}
