/**
 * An event source mapping at work: takes batches from a queue, hands them to a function, several at once, and deletes
 * what the function has dealt with. What failed keeps the visibility that the handler (or the queue) gave it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { InvocationOutcome } from '../functions/function-definition.ts';
import type { ReceivedMessage } from '../queues/message.ts';
import { judgeBatch } from './batch-response.ts';
import { type SqsEvent, toSqsEvent } from './sqs-event.ts';

/** What a poller asks of a queue, without a socket in between. */
export interface PolledQueue {
  readonly arn: string;
  /**
   * @param waitMs how long to wait for the first message.
   * @returns at most `max` messages, none when the time is over or the signal aborts.
   */
  receive(request: {
    readonly max: number;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  }): Promise<readonly ReceivedMessage[]>;
  delete(receiptHandles: readonly string[]): Promise<void>;
}

export interface PollerProps {
  readonly queue: PolledQueue;
  readonly invoke: (event: SqsEvent) => Promise<InvocationOutcome>;
  readonly batchSize: number;
  /** How long a batch may wait to be full; 0 for not at all. */
  readonly batchingWindowSeconds: number;
  /** Batches at once. */
  readonly maxConcurrency: number;
  readonly reportsItemFailures: boolean;
  /** Told of what the function cannot tell itself: failed invocations, refused answers, a queue that fails. */
  readonly onProblem: (message: string) => void;
}

export interface Poller {
  /** Stops receiving; resolves when the batches under way have ended. */
  stop(): Promise<void>;
}

const LONG_POLL_MS = 20_000;
// With this many batches under way two cores are busy, and another small batch would only make all of them slower: the
// poller waits until one ends, and takes what has gathered meanwhile. One database call then serves eight messages instead
// of three. Below it (an idle engine, or 200 events a second) a message never waits for company.
const BUSY_FROM_BATCHES = 3;
// Batches that wait for a slow receiver keep no core busy, and must not hold up their neighbours.
const BUSY_AT_MOST_MS = 50;
const GATHER_MS = 20;
const RETRY_AFTER_MS = 250;

export function startPoller(props: PollerProps): Poller {
  const { queue, batchSize } = props;
  const stopping = new AbortController();
  const batches = new Map<Promise<void>, number>();
  let isBacklog = false;
  let onBatchEnd = (): void => undefined;

  const receive = async (max: number, waitMs: number): Promise<readonly ReceivedMessage[]> => {
    try {
      return await queue.receive({ max, waitMs, signal: stopping.signal });
    } catch (error) {
      props.onProblem(`receive failed: ${messageOf(error)}`);
      await delay(RETRY_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      return [];
    }
  };
  const fill = async (first: readonly ReceivedMessage[]): Promise<readonly ReceivedMessage[]> => {
    const deadline = Date.now() + props.batchingWindowSeconds * 1_000;
    const batch = [...first];
    for (let leftMs = deadline - Date.now(); leftMs > 0 && batch.length < batchSize; leftMs = deadline - Date.now()) {
      if (stopping.signal.aborted) break;
      batch.push(...(await receive(batchSize - batch.length, leftMs)));
    }
    return batch;
  };
  const batchEnd = (): Promise<void> =>
    new Promise((resolve) => {
      onBatchEnd = resolve;
    });
  const gather = async (): Promise<void> => {
    const since = performance.now() - BUSY_AT_MOST_MS;
    const busy = [...batches.values()].filter((startedAt) => startedAt > since).length;
    // Where more are waiting than a batch takes, the next one is full anyway.
    if (isBacklog || busy < BUSY_FROM_BATCHES) return;
    const timer = setTimeout(() => onBatchEnd(), GATHER_MS);
    await batchEnd();
    clearTimeout(timer);
  };
  const start = (messages: readonly ReceivedMessage[]): void => {
    const batch: Promise<void> = processBatch(props, messages).finally(() => {
      batches.delete(batch);
      onBatchEnd();
    });
    batches.set(batch, performance.now());
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (batches.size >= props.maxConcurrency) {
        await batchEnd();
        continue;
      }
      await gather();
      const first = await receive(batchSize, LONG_POLL_MS);
      isBacklog = first.length === batchSize;
      if (first.length > 0) start(await fill(first));
    }
  };

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(batches.keys());
    },
  };
}

async function processBatch(props: PollerProps, messages: readonly ReceivedMessage[]): Promise<void> {
  const { queue, reportsItemFailures, onProblem } = props;
  const outcome = await props.invoke(toSqsEvent(queue.arn, messages));
  if (outcome.kind !== 'returned') onProblem(`${outcome.kind}: ${outcome.errorType}: ${outcome.errorMessage}`);
  const messageIds = messages.map(({ messageId }) => messageId);
  const { succeeded, refused } = judgeBatch({ outcome, messageIds, reportsItemFailures });
  if (refused !== undefined) onProblem(`the whole batch failed: ${refused}`);
  const done = messages.filter(({ messageId }) => succeeded.has(messageId));
  if (done.length > 0) await deleteUntilGone(props, done);
}

// SQS deletes at the first try nearly always; an outage of minutes (or a drill) is what the retries are for. Messages
// that outlive their visibility come again, which the functions are built for.
const DELETE_TRIES = 40;

async function deleteUntilGone({ queue, onProblem }: PollerProps, messages: readonly ReceivedMessage[]): Promise<void> {
  const receiptHandles = messages.map(({ receiptHandle }) => receiptHandle);
  for (let tries = 1; ; tries += 1) {
    try {
      return await queue.delete(receiptHandles);
    } catch (error) {
      if (tries === 1 || tries === DELETE_TRIES) onProblem(`delete failed: ${messageOf(error)}`);
      if (tries === DELETE_TRIES) return;
      await delay(RETRY_AFTER_MS);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
