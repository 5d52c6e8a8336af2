import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { InvocationOutcome } from '../../../local/functions/function-definition.ts';
import { createPolledQueue } from '../../../local/mappings/polled-queue.ts';
import { type Poller, type PollerProps, startPoller } from '../../../local/mappings/poller.ts';
import type { SqsEvent } from '../../../local/mappings/sqs-event.ts';
import { openQueueStore, type QueueStore } from '../../../local/queues/queue-store.ts';
import { createFaults, type Faults } from '../../../local/services/faults.ts';
import { eventually } from '../../support/eventually.ts';

const DONE: InvocationOutcome = { kind: 'returned', payload: 'null' };

let store: QueueStore;
let faults: Faults;
let pollers: Poller[];
let problems: string[];

beforeEach(async () => {
  store = openQueueStore({ file: ':memory:' });
  await store.createQueue({ name: 'work', visibilityTimeoutSeconds: 600 });
  faults = createFaults();
  pollers = [];
  problems = [];
});

afterEach(async () => {
  await Promise.all(pollers.map((poller) => poller.stop()));
  await store.close();
});

function poll(invoke: PollerProps['invoke'], overrides: Partial<PollerProps> = {}): Poller {
  const poller = startPoller({
    queue: createPolledQueue({ store, queueName: 'work', pollerId: 'p', faults }),
    invoke,
    batchSize: 10,
    batchingWindowSeconds: 0,
    maxConcurrency: 2,
    reportsItemFailures: true,
    onProblem: (message) => problems.push(message),
    ...overrides,
  });
  pollers.push(poller);
  return poller;
}

async function send(count: number, from = 0): Promise<void> {
  for (let start = 0; start < count; start += 10) {
    const entries = Array.from({ length: Math.min(10, count - start) }, (_, index) => ({
      id: String(index),
      body: `m${from + start + index}`,
    }));
    await store.sendBatch('work', entries);
  }
}

const left = () => {
  const { visible, inFlight, delayed } = store.counts('work');
  return visible + inFlight + delayed;
};

describe('an event source mapping', () => {
  it('lets messages gather while batches are busy, and hands them over as one when a batch ends', async () => {
    const sizes: number[] = [];
    const ends: (() => void)[] = [];
    const invoke = (event: SqsEvent): Promise<InvocationOutcome> => {
      sizes.push(event.Records.length);
      return new Promise((resolve) => ends.push(() => resolve(DONE)));
    };
    poll(invoke, { maxConcurrency: 10 });
    for (let count = 1; count <= 3; count++) {
      await send(1, count);
      await eventually(() => sizes.length === count);
    }
    for (let count = 4; count <= 9; count++) await send(1, count);
    ends[0]?.();
    await eventually(() => sizes.reduce((sum, size) => sum + size, 0) === 9);
    // [1, 1, 1, 6], unless this machine took longer for the sends than messages wait. At once it would be nine.
    expect(sizes.length).toBeLessThan(8);
    for (const end of ends) end();
  });

  it('hands over full batches of what is there, and deletes what succeeded', async () => {
    const sizes: number[] = [];
    await send(25);
    poll(async ({ Records }) => {
      sizes.push(Records.length);
      return DONE;
    });
    await until(() => left() === 0);
    expect(sizes).toEqual([10, 10, 5]);
  });

  it("speaks Lambda's event", async () => {
    let seen: SqsEvent | undefined;
    poll(async (event) => {
      seen = event;
      return DONE;
    });
    const attributes = { kind: { dataType: 'String', stringValue: 'x' } };
    const messageId = await store.send('work', { body: '{"a":1}', groupId: 'g', attributes, senderId: 'Publish' });
    await until(() => left() === 0);
    expect(seen?.Records).toEqual([
      {
        messageId,
        receiptHandle: expect.any(String),
        body: '{"a":1}',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: 'Publish',
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          MessageGroupId: 'g',
        },
        messageAttributes: {
          kind: { dataType: 'String', stringValue: 'x', stringListValues: [], binaryListValues: [] },
        },
        md5OfBody: 'bb6cb5c68df4652941caf652a366f2d8',
        md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:work',
        awsRegion: 'us-east-1',
      },
    ]);
  });

  it('runs up to maxConcurrency batches at once', async () => {
    let running = 0;
    let most = 0;
    const release = Promise.withResolvers<void>();
    await send(60);
    poll(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await release.promise;
        running -= 1;
        return DONE;
      },
      { maxConcurrency: 4 },
    );
    await until(() => running === 4);
    release.resolve();
    await until(() => left() === 0);
    expect(most).toBe(4);
  });

  it('keeps what was reported as failed, with the visibility that the handler set', async () => {
    const seen: string[] = [];
    await send(3);
    poll(async ({ Records }) => {
      seen.push(...Records.map(({ body }) => body));
      const failed = Records.find(({ body }) => body === 'm1');
      if (failed === undefined) return DONE;
      const { messageId, receiptHandle } = failed;
      if (seen.filter((body) => body === 'm1').length > 2) return DONE;
      await store.changeVisibilityBatch('work', [{ id: '0', receiptHandle, visibilityTimeoutSeconds: 0 }]);
      return { kind: 'returned', payload: JSON.stringify({ batchItemFailures: [{ itemIdentifier: messageId }] }) };
    });
    await until(() => left() === 0);
    expect(seen.sort()).toEqual(['m0', 'm1', 'm1', 'm1', 'm2']);
  });

  it.each<[string, InvocationOutcome]>([
    ['an exception', { kind: 'failed', errorType: 'Error', errorMessage: 'no', trace: [] }],
    ['an unknown itemIdentifier', returned({ batchItemFailures: [{ itemIdentifier: 'nobody' }] })],
    ['an empty itemIdentifier', returned({ batchItemFailures: [{ itemIdentifier: '' }] })],
    ['a null itemIdentifier', returned({ batchItemFailures: [{ itemIdentifier: null }] })],
    ['a misspelt key', returned({ batchItemFailures: [{ itemIdentifer: 'x' }] })],
    ['an answer that is no object', returned('done')],
  ])('keeps the whole batch after %s', async (_name, outcome) => {
    await send(3);
    poll(async () => outcome);
    await until(() => problems.length === 1);
    expect(store.counts('work')).toEqual({ visible: 0, inFlight: 3, delayed: 0 });
  });

  it.each([{}, { batchItemFailures: [] }, { batchItemFailures: null }])('takes %j as success', async (answer) => {
    await send(3);
    poll(async () => returned(answer));
    await until(() => left() === 0);
    expect(problems).toEqual([]);
  });

  it('heeds no report from a function that is not set up to report', async () => {
    await send(1);
    poll(async ({ Records }) => returned({ batchItemFailures: [{ itemIdentifier: Records[0]?.messageId }] }), {
      reportsItemFailures: false,
    });
    await until(() => left() === 0);
  });

  it('waits for a full batch up to its window', async () => {
    const sizes: number[] = [];
    poll(
      async ({ Records }) => {
        sizes.push(Records.length);
        return DONE;
      },
      { batchingWindowSeconds: 20, batchSize: 20 },
    );
    await send(12);
    await send(8, 12);
    await until(() => left() === 0);
    expect(sizes).toEqual([20]);
  });

  it('stops receiving at once, and after the batch under way', async () => {
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    await send(1);
    const poller = poll(async () => {
      entered.resolve();
      await release.promise;
      return DONE;
    });
    await entered.promise;
    const stopped = poller.stop();
    await send(1, 1);
    release.resolve();
    await stopped;
    expect(store.counts('work')).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
  });

  it('goes on by itself after an outage of the queues, and still deletes', async () => {
    await send(1);
    let isDownWithin = true;
    poll(async () => {
      if (isDownWithin) faults.set('sqs', { mode: 'down' });
      isDownWithin = false;
      return DONE;
    });
    await until(() => problems.some((problem) => problem.startsWith('delete failed')));
    expect(left()).toBe(1);
    faults.set('sqs', { mode: 'up' });
    await until(() => left() === 0);
    await send(1, 1);
    await until(() => left() === 0);
  });
});

function returned(answer: unknown): InvocationOutcome {
  return { kind: 'returned', payload: JSON.stringify(answer) };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited 5 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
