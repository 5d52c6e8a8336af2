/** The pollers' way to the queue store: in this process, without a socket, but through the same drills as everyone. */
import { setTimeout as delay } from 'node:timers/promises';
import { queueArn } from '../queues/queue-properties.ts';
import type { QueueStore } from '../queues/queue-store.ts';
import type { CallCounts } from '../services/call-counts.ts';
import type { Faults } from '../services/faults.ts';
import { ServiceError } from '../services/service.ts';
import type { PolledQueue } from './poller.ts';

export interface PolledQueueProps {
  readonly store: QueueStore;
  readonly queueName: string;
  /** Under this name the store remembers who holds a message, so that a dead worker's are released. */
  readonly pollerId: string;
  readonly faults: Faults;
  /** Receives that brought something, and deletes. @default nobody counts */
  readonly counts?: CallCounts | undefined;
}

const MOST_PER_CALL = 10;

export function createPolledQueue({ store, queueName, pollerId, faults, counts }: PolledQueueProps): PolledQueue {
  return {
    arn: queueArn(queueName),
    async receive({ max, waitMs, signal }) {
      await meetFault(faults);
      if (signal.aborted) return [];
      const request = { queue: queueName, max: Math.min(max, MOST_PER_CALL), waitMs, pollerId, signal };
      const messages = await store.receive(request);
      if (messages.length > 0) counts?.count(`poller of ${queueName}`, 'sqs:ReceiveMessage');
      return messages;
    },
    async delete(receiptHandles) {
      await meetFault(faults);
      for (let start = 0; start < receiptHandles.length; start += MOST_PER_CALL) {
        const entries = receiptHandles.slice(start, start + MOST_PER_CALL);
        counts?.count(`poller of ${queueName}`, 'sqs:DeleteMessageBatch');
        await store.deleteBatch(
          queueName,
          entries.map((receiptHandle, index) => ({ id: String(index), receiptHandle })),
        );
      }
    },
  };
}

async function meetFault(faults: Faults): Promise<void> {
  const fault = faults.of('sqs');
  if (fault.mode === 'down') throw new ServiceError('ServiceUnavailable', 'sqs is down (drill)', 503);
  if (fault.mode === 'slow') await delay(fault.delayMs);
}
