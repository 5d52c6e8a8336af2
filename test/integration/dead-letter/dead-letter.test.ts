import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { sqsBatchHandler } from '../../../lambdas/adapters/batch/sqs-batch.ts';
import type { BusEntry } from '../../../lambdas/adapters/bus/bus.ts';
import { deadLetter } from '../../../lambdas/dead-letter/dead-letter.ts';
import type { DeadLetterContext } from '../../../lambdas/dead-letter/dead-letter-context.ts';
import { dueMarkerKey } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { queueArn } from '../../../local/queues/queue-properties.ts';
import { addDelivery, readDelivery } from '../adapters/delivery-row.ts';
import {
  addWebhook,
  type Handler,
  newAccount,
  type Pipeline,
  startPipeline,
  type TestWebhook,
} from '../adapters/pipeline.ts';

let pipeline: Pipeline;
let webhook: TestWebhook;
let handler: Handler;
let put: BusEntry[];
let busTakes: (entry: BusEntry) => boolean;

beforeAll(async () => {
  pipeline = await startPipeline();
  webhook = await addWebhook(pipeline, { accountId: newAccount() });
});
afterAll(() => pipeline.stop());

beforeEach(() => {
  put = [];
  busTakes = () => true;
  pipeline.controlBucket.keys.clear();
  pipeline.lines.length = 0;
  pipeline.faults.set('database', { mode: 'up' });
  const context: DeadLetterContext = {
    database: pipeline.database,
    bus: {
      putAll: async (entries) => {
        put.push(...entries.filter(busTakes));
        return entries.filter((entry) => !busTakes(entry)).map((entry) => ({ entry, code: 'InternalFailure' }));
      },
    },
    controlBucket: pipeline.controlBucket,
    log: pipeline.log,
    metrics: pipeline.metrics,
    settings: { openTtlSeconds: 14_400, callbackTimeoutSeconds: 900 },
    now: Date.now,
  };
  handler = sqsBatchHandler({
    run: (records) => deadLetter(context, records),
    onFault: () => undefined,
    queues: pipeline.queues,
  });
});

function record(message: object | string): SQSRecord {
  return {
    messageId: randomUUID(),
    receiptHandle: 'none',
    body: typeof message === 'string' ? message : JSON.stringify({ v: 1, generation: 0, hops: 1, ...message }),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'x',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn('dead-letters'),
    awsRegion: 'us-east-1',
  };
}
const run = async (...messages: Array<object | string>) =>
  (await handler({ Records: messages.map(record) })).batchItemFailures.length;
const add = (columns: object) => addDelivery(pipeline, webhook, { ...columns });
const row = (id: string) => readDelivery(pipeline, id);
const dead = {
  status: 'DEAD_LETTER',
  attempts: 6,
  last_error: 'http_500: x',
  failure_reason: 'exhausted',
  next_retry_at: null,
};

describe('an exhausted delivery', () => {
  it('is announced once, however often its message comes', async () => {
    const deliveryId = await add(dead);
    expect(await run({ kind: 'exhausted', deliveryId })).toBe(0);
    expect(await run({ kind: 'exhausted', deliveryId })).toBe(0);
    expect(put).toHaveLength(1);
    expect(put[0]).toMatchObject({ source: 'tidegate', detailType: 'delivery.dead_lettered' });
    expect(JSON.parse(put[0]?.detail ?? '')).toEqual({
      accountId: webhook.accountId,
      eventId: `dead-letter:${deliveryId}:0`,
      objectType: 'delivery',
      objectId: deliveryId,
      data: {
        deliveryId,
        webhookId: webhook.webhookId,
        eventType: 'order.created',
        attempts: 6,
        lastError: 'http_500: x',
      },
    });
    expect((await row(deliveryId)).dead_letter_notified_at).not.toBeNull();
  });

  it('stays when the bus does not take it, and its neighbour goes', async () => {
    const [first, second] = [await add(dead), await add(dead)];
    busTakes = ({ detail }) => !detail.includes(first);
    expect(await run({ kind: 'exhausted', deliveryId: first }, { kind: 'exhausted', deliveryId: second })).toBe(1);
    expect(await row(first)).toMatchObject({ dead_letter_notified_at: null });
    expect((await row(second)).dead_letter_notified_at).not.toBeNull();
  });

  it('of an operational event raises no further one', async () => {
    const deliveryId = await add({ ...dead, event_type: 'delivery.dead_lettered' });
    expect(await run({ kind: 'exhausted', deliveryId })).toBe(0);
    expect(put).toEqual([]);
    expect((await row(deliveryId)).dead_letter_notified_at).not.toBeNull();
  });

  it('that was retried by hand since is left alone', async () => {
    const deliveryId = await add({ status: 'PENDING', generation: 1 });
    expect(await run({ kind: 'exhausted', deliveryId })).toBe(0);
    expect(put).toEqual([]);
    expect(await row(deliveryId)).toMatchObject({ status: 'PENDING', carrier: 'retries' });
  });

  it('waits for a database that is away', async () => {
    const deliveryId = await add(dead);
    pipeline.faults.set('database', { mode: 'down' });
    expect(await run({ kind: 'exhausted', deliveryId })).toBe(1);
    expect(put).toEqual([]);
  });
});

describe('an unexplained message', () => {
  it.each(['PENDING', 'FAILED_RETRY'])('parks its row again when that is %s', async (status) => {
    const lease = { claimed_until: new Date(Date.now() - 1_000), claim_token: randomUUID(), claimed_by: 'deliver' };
    const deliveryId = await add({ status, ...lease });
    expect(await run({ kind: 'deliver', deliveryId })).toBe(0);
    expect(await row(deliveryId)).toMatchObject({ status, carrier: 'parked', claim_token: null });
    expect(pipeline.controlBucket.keys).toContain(dueMarkerKey(Date.now()));
    expect(put).toEqual([]);
  });

  it.each([
    { status: 'HELD' },
    { status: 'IN_PROGRESS' },
    { status: 'DELIVERED' },
    { status: 'PENDING', generation: 2 },
  ])('leaves a row alone that is %j', async (columns) => {
    const deliveryId = await add(columns);
    expect(await run({ kind: 'deliver', deliveryId })).toBe(0);
    expect(await row(deliveryId)).toMatchObject({ ...columns, carrier: 'retries' });
  });

  it('parks nothing without its marker', async () => {
    const deliveryId = await add({});
    pipeline.controlBucket.isDown = true;
    expect(await run({ kind: 'deliver', deliveryId })).toBe(1);
    pipeline.controlBucket.isDown = false;
    expect(await row(deliveryId)).toMatchObject({ carrier: 'retries' });
  });

  it('with a result has it written first', async () => {
    const result = (deliveryId: string, outcome: string, nextRetryAt: number | null) => ({
      kind: 'record',
      deliveryId,
      accountId: webhook.accountId,
      webhookId: webhook.webhookId,
      record: {
        deliveryId,
        generation: 0,
        attemptNumber: 1,
        startedAt: Date.now(),
        durationMs: 3,
        httpStatus: outcome === 'delivered' ? 200 : 500,
        error: outcome === 'delivered' ? null : 'http_500: x',
        responseHeaders: [],
        responseBody: '',
        outcome,
        nextRetryAt,
      },
    });
    const [delivered, retried, exhausted] = [await add({}), await add({}), await add({})];
    const due = Date.now() + 600_000;
    expect(
      await run(
        result(delivered, 'delivered', null),
        result(retried, 'retry', due),
        result(exhausted, 'exhausted', null),
      ),
    ).toBe(0);
    expect(await row(delivered)).toMatchObject({ status: 'DELIVERED', attempts: 1 });
    const parked = await row(retried);
    expect(parked).toMatchObject({ status: 'FAILED_RETRY', attempts: 1, carrier: 'parked' });
    expect(parked.next_retry_at?.getTime()).toBe(due);
    expect(await row(exhausted)).toMatchObject({ status: 'DEAD_LETTER' });
    expect(put).toHaveLength(1);
  });

  it('that cannot be read blocks nobody', async () => {
    const deliveryId = await add(dead);
    expect(await run('{', { kind: 'other' }, { kind: 'exhausted', deliveryId })).toBe(0);
    expect(put).toHaveLength(1);
  });
});
