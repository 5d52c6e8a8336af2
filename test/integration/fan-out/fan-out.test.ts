import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { sqsBatchHandler } from '../../../lambdas/adapters/batch/sqs-batch.ts';
import { idBounds } from '../../../lambdas/adapters/delivery-rows/id-bounds.ts';
import { claimDeliveries } from '../../../lambdas/deliver/claim-deliveries.ts';
import { deliveryId } from '../../../lambdas/domain/ids/delivery-id.ts';
import { newEventUuid } from '../../../lambdas/domain/ids/event-uuid.ts';
import { type AcceptedEvent, API_SOURCE, OPERATIONAL_SOURCE } from '../../../lambdas/domain/messages/bus-entry.ts';
import { deliverMessageSchema } from '../../../lambdas/domain/messages/delivery-message.ts';
import { type FanOutContext, fanOut } from '../../../lambdas/fan-out/fan-out.ts';
import { queueArn } from '../../../local/queues/queue-properties.ts';
import { addWebhook, type Handler, newAccount, type Pipeline, startPipeline } from '../adapters/pipeline.ts';

let pipeline: Pipeline;
let context: FanOutContext;
let handler: Handler;
let sqs: SQSClient;

beforeAll(async () => {
  pipeline = await startPipeline();
  context = {
    database: pipeline.database,
    queues: pipeline.queues,
    controlBucket: pipeline.controlBucket,
    log: pipeline.log,
    metrics: pipeline.metrics,
    deliveriesQueueUrl: pipeline.queueUrl('deliveries'),
    retriesQueueUrl: pipeline.queueUrl('retries'),
    openTtlSeconds: 14_400,
    now: Date.now,
    newToken: randomUUID,
  };
  handler = sqsBatchHandler({
    run: (records) => fanOut(context, records),
    onFault: () => undefined,
    queues: pipeline.queues,
  });
  sqs = new SQSClient({
    endpoint: new URL('/sqs', pipeline.queueUrl('events')).href,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'x' },
  });
});
afterAll(async () => {
  sqs.destroy();
  await pipeline.stop();
});
afterEach(async () => {
  pipeline.failEntries(() => false);
  pipeline.faults.set('database', { mode: 'up' });
  pipeline.faults.set('sqs', { mode: 'up' });
  pipeline.controlBucket.isDown = false;
  for (const queue of ['deliveries', 'retries', 'events'] as const) {
    await pipeline.consume(queue, async () => ({ batchItemFailures: [] }));
  }
  pipeline.lines.length = 0;
});

let records = 0;

function record(body: unknown, sentAtMs = Date.now()): SQSRecord {
  records += 1;
  return {
    messageId: `m-${records}`,
    receiptHandle: 'none',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(sentAtMs),
      SenderId: 'bus',
      ApproximateFirstReceiveTimestamp: String(sentAtMs),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn('events'),
    awsRegion: 'us-east-1',
  };
}

function accepted(accountId: string, props: Partial<AcceptedEvent> = {}): AcceptedEvent {
  const acceptedAt = props.acceptedAt ?? Date.now();
  return {
    eventUuid: newEventUuid(acceptedAt, randomBytes(16)),
    accountId,
    type: 'order.created',
    acceptedAt,
    payload: '{"total":1.0,"id":12345678901234567890}',
    ...props,
  };
}

const apiEntry = (events: readonly AcceptedEvent[]) => ({
  id: randomUUID(),
  source: API_SOURCE,
  'detail-type': 'batch',
  detail: { events },
});

async function run(...bodies: unknown[]): Promise<string[]> {
  const response = await handler({ Records: bodies.map((body) => record(body)) });
  return response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

async function messages(queue: 'deliveries' | 'retries') {
  const found = [];
  for (let batch = await pipeline.receive(queue); batch.length > 0; batch = await pipeline.receive(queue)) {
    await pipeline.consume(queue, async () => ({ batchItemFailures: [] }), batch);
    found.push(
      ...batch.map(({ body, attributes }) => ({ message: deliverMessageSchema.parse(JSON.parse(body)), attributes })),
    );
  }
  return found;
}

const rows = (accountId: string) =>
  pipeline.testDatabase.query<Record<string, unknown>>(
    'SELECT * FROM hook.deliveries WHERE account_id = $1 ORDER BY delivery_id',
    [accountId],
  );
const events = (accountId: string) =>
  pipeline.testDatabase.query<Record<string, unknown>>(
    'SELECT * FROM hook.events WHERE account_id = $1 ORDER BY event_uuid',
    [accountId],
  );

describe('fan-out', () => {
  it('records an event and enqueues its delivery, claimed, with all that a send needs', async () => {
    const { accountId, webhookId } = await addWebhook(pipeline, { accountId: newAccount(), events: ['order.*'] });
    const event = accepted(accountId, { eventId: 'order-1', occurredAt: '2026-11-22T17:05:00Z', objectId: 'o1' });

    expect(await run(apiEntry([event]))).toEqual([]);

    const [row] = await rows(accountId);
    const id = deliveryId(event.eventUuid, webhookId);
    expect(row).toMatchObject({
      delivery_id: id,
      status: 'PENDING',
      carrier: 'deliveries',
      claimed_by: 'fan-out',
      attempts: 0,
    });
    const [sent] = await messages('deliveries');
    expect(sent?.attributes.MessageGroupId).toBe(webhookId);
    expect(sent?.message).toMatchObject({
      deliveryId: id,
      generation: 0,
      claim: { token: row?.claim_token },
      delivery: { accountId, webhookId, eventUuid: event.eventUuid, apiVersion: 'v1' },
      event: {
        id: 'order-1',
        type: 'order.created',
        timestamp: '2026-11-22T17:05:00Z',
        payload: event.payload,
        objectId: 'o1',
      },
      webhook: { url: 'https://receiver.example/hook', signingAlgorithm: 'HMAC-SHA256', rateLimitPerSecond: null },
    });
    expect(new Date(sent?.message.claim?.untilMs ?? 0)).toEqual(row?.claimed_until);
    expect(await events(accountId)).toMatchObject([
      { payload_snapshot: event.payload, matched: 1, duplicate_of: null },
    ]);
  });

  it('writes the markers before the row', async () => {
    const accountId = newAccount();
    const event = accepted(accountId);
    let hadRow: boolean | undefined;
    const { markDue } = pipeline.controlBucket;
    pipeline.controlBucket.markDue = async (times) => {
      hadRow = (await events(accountId)).length > 0;
      await markDue(times);
    };
    await run(apiEntry([event]));
    pipeline.controlBucket.markDue = markDue;
    expect(hadRow).toBe(false);
    expect(await events(accountId)).toHaveLength(1);
  });

  it('goes on without the bucket', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    pipeline.controlBucket.isDown = true;
    expect(await run(apiEntry([accepted(accountId)]))).toEqual([]);
    expect(await messages('deliveries')).toHaveLength(1);
  });

  it('makes rows by the webhook that it finds: deliver, held, disabled, inactive, filtered', async () => {
    const accountId = newAccount();
    const add = (props: object) => addWebhook(pipeline, { accountId, ...props });
    const active = await add({});
    const held = await add({ mode: 'hold' });
    const gone = await add({ isActive: false, disabledReason: 'gone' });
    await add({ isActive: false });
    await add({ events: ['invoice.*'] });

    await run(apiEntry([accepted(accountId)]));

    const found = Object.fromEntries(
      (await rows(accountId)).map((row) => [row.webhook_id, `${row.status} ${row.carrier}`]),
    );
    expect(found).toEqual({
      [active.webhookId]: 'PENDING deliveries',
      [held.webhookId]: 'HELD parked',
      [gone.webhookId]: 'HELD parked',
    });
    expect(await messages('deliveries')).toHaveLength(1);
    expect(await events(accountId)).toMatchObject([{ matched: 3 }]);
  });

  it('gives a targeted event to its webhook alone, whatever the filter, and to no other account', async () => {
    const accountId = newAccount();
    const target = await addWebhook(pipeline, { accountId, events: ['nothing.else'] });
    await addWebhook(pipeline, { accountId });
    const stranger = await addWebhook(pipeline, { accountId: newAccount() });
    const test = { type: 'webhook.test' };
    await run(apiEntry([accepted(accountId, { ...test, webhookId: target.webhookId })]));
    await run(apiEntry([accepted(accountId, { ...test, webhookId: stranger.webhookId })]));
    expect((await rows(accountId)).map((row) => row.webhook_id)).toEqual([target.webhookId]);
  });

  it('delivers operational events to explicit subscriptions only', async () => {
    const accountId = newAccount();
    await addWebhook(pipeline, { accountId, events: ['*'] });
    const explicit = await addWebhook(pipeline, { accountId, events: ['delivery.dead_lettered'] });
    const envelope = {
      id: randomUUID(),
      source: OPERATIONAL_SOURCE,
      'detail-type': 'delivery.dead_lettered',
      detail: { accountId, eventId: 'dead-letter:1', data: {} },
    };
    await run(envelope);
    expect((await rows(accountId)).map((row) => row.webhook_id)).toEqual([explicit.webhookId]);
  });

  it('takes a direct producer by the queue’s clock, with the raw slice of data, and knows its duplicates', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const id = randomUUID();
    const body = `{"id":"${id}","source":"my.shop","detail-type":"order.created","time":"1999-01-01T00:00:00Z",
      "detail":{"accountId":"${accountId}","data" : {"n":1.0, "big":12345678901234567890}}}`;
    const sentAtMs = Date.now() - 5_000;
    await handler({ Records: [record(body, sentAtMs)] });
    await handler({ Records: [record(body, sentAtMs + 7)] });

    const found = await events(accountId);
    expect(found.map((event) => event.matched)).toEqual([1, 0]);
    expect(found[0]).toMatchObject({ payload_snapshot: '{"n":1.0, "big":12345678901234567890}', event_key: null });
    expect(found[0]?.accepted_at).toEqual(new Date(sentAtMs));
    expect(found[1]).toMatchObject({ duplicate_of: found[0]?.event_uuid, payload_snapshot: null });
    const [first] = await messages('deliveries');
    expect(first?.message.event?.id).toBe(found[0]?.event_uuid);
  });

  it('unpacks gzipped payloads, and leaves large ones out of the message', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const payload = JSON.stringify({ text: '"'.repeat(60_000) });
    const packed = { payload: gzipSync(payload).toString('base64'), payloadEncoding: 'gzip-base64' as const };
    await run(apiEntry([accepted(accountId, packed)]));
    const [event] = await events(accountId);
    expect(event?.payload_snapshot).toBe(payload);
    const [sent] = await messages('deliveries');
    expect(sent?.message.event).not.toHaveProperty('payload');
  });

  it('makes a missing partition', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const acceptedAt = Date.now() - 20 * 86_400_000;
    expect(await run(apiEntry([accepted(accountId, { acceptedAt })]))).toEqual([]);
    expect(await rows(accountId)).toHaveLength(1);
  });

  it('keeps a poisonous event and records its neighbours', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const poison = accepted(accountId, { payload: '{"a":"\0"}' });
    const bodies = [apiEntry([accepted(accountId)]), apiEntry([poison]), apiEntry([accepted(accountId)])];
    const failed = await run(...bodies);
    expect(failed).toHaveLength(1);
    expect(await messages('deliveries')).toHaveLength(2);
    expect(pipeline.lines.join()).toContain('event_poisonous');
  });

  it('refuses a producer’s malformed entry and keeps one of our own', async () => {
    const bad = { id: 'x', source: 'my.shop', 'detail-type': 'order.created', detail: { data: { secret: 'payload' } } };
    const reserved = { ...bad, 'detail-type': 'webhook.disabled', detail: { accountId: 'a', data: {} } };
    expect(await run(bad, reserved, 'not json')).toEqual([]);
    expect(pipeline.lines.filter((line) => line.includes('event_refused'))).toHaveLength(3);
    expect(pipeline.lines.join()).not.toContain('payload');
    expect(await run({ ...bad, source: API_SOURCE })).toHaveLength(1);
  });
});

describe('the time that a receiver is shown', () => {
  it.each([
    ['as the caller wrote it', { occurredAt: '2026-11-22T17:05:00Z' }],
    ['to the microsecond', { occurredAt: '2026-11-22T17:05:00.123456Z' }],
    ['the acceptance, where the caller gave none', {}],
  ])('is the same in the message and in the row: %s', async (_case, props) => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    await run(apiEntry([accepted(accountId, props)]));
    const [sent] = await messages('deliveries');
    const { deliveryId: d, claim } = sent?.message ?? {};
    if (d === undefined || claim === undefined) throw new Error('nothing was enqueued');
    const nowMs = Date.now();
    const [claimed] = await pipeline.database.query(claimDeliveries, {
      messages: JSON.stringify([{ d, g: 0, t: claim.token, e: true }]),
      ...idBounds([d]),
      nowMs,
      token: randomUUID(),
      claimedUntilMs: nowMs + 60_000,
      expiresMs: nowMs + 60_000,
    });
    expect(claimed).toMatchObject({ kind: 'claimed', event: { timestamp: sent?.message.event?.timestamp } });
    if ('occurredAt' in props) expect(sent?.message.event?.timestamp).toBe(props.occurredAt);
  });
});

describe('fan-out, again', () => {
  it('a redelivery makes nothing new and re-enqueues what was never attempted, without a token, after the lease', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const entry = apiEntry([accepted(accountId)]);
    await run(entry);
    await messages('deliveries');
    await addWebhook(pipeline, { accountId });
    await run(entry);
    expect(await messages('deliveries')).toEqual([]);
    expect(await messages('retries')).toEqual([]);
    expect(await rows(accountId)).toHaveLength(1);
    expect(await events(accountId)).toMatchObject([{ matched: 1 }]);

    await pipeline.testDatabase.query(
      "UPDATE hook.deliveries SET claimed_until = now() - interval '1 second' WHERE account_id = $1",
      [accountId],
    );
    await run(entry);
    const [again] = await messages('retries');
    expect(again?.message).toMatchObject({ deliveryId: (await rows(accountId))[0]?.delivery_id, generation: 0 });
    expect(again?.message).not.toHaveProperty('claim');
  });

  it('a partial SendMessageBatch brings the record back, and the next run heals it', async () => {
    const { accountId, webhookId } = await addWebhook(pipeline, { accountId: newAccount() });
    const lost = accepted(accountId);
    const lostId = deliveryId(lost.eventUuid, webhookId);
    const entries = [apiEntry([accepted(accountId)]), apiEntry([lost]), apiEntry([accepted(accountId)])];
    pipeline.failEntries((queue, body) => queue === 'deliveries' && body.includes(lostId));
    const failed = await run(...entries);
    expect(failed).toHaveLength(1);
    expect(await messages('deliveries')).toHaveLength(2);

    pipeline.failEntries(() => false);
    await pipeline.testDatabase.query(
      "UPDATE hook.deliveries SET claimed_until = now() - interval '1 second' WHERE delivery_id = $1",
      [lostId],
    );
    expect(await run(entries[1])).toEqual([]);
    expect((await messages('retries')).map(({ message }) => message.deliveryId)).toEqual([lostId]);
  });

  it('a database that is away brings all back, later and later', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const QueueUrl = pipeline.queueUrl('events');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(apiEntry([accepted(accountId)])) }));
    pipeline.faults.set('database', { mode: 'down' });
    const failed = await pipeline.consume('events', handler);
    expect(failed.batchItemFailures).toHaveLength(1);
    expect(await pipeline.receive('events')).toEqual([]);
    pipeline.faults.set('database', { mode: 'up' });
    expect(await rows(accountId)).toEqual([]);
  });

  it('a queue that is away brings the record back', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    pipeline.faults.set('sqs', { mode: 'down' });
    expect(await run(apiEntry([accepted(accountId)]))).toHaveLength(1);
  });
});

describe('idempotency keys', () => {
  it('one key twice in a batch, and once more: the earliest wins, the losers are on record', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const now = Date.now();
    const [first, second, third] = [0, 1, 2].map((ms) =>
      accepted(accountId, { eventId: 'k', acceptedAt: now + ms, payload: `{"n":${ms}}` }),
    );
    if (!first || !second || !third) throw new Error('three events');
    await run(apiEntry([second, first]));
    await run(apiEntry([third]));
    expect(await rows(accountId)).toMatchObject([{ event_uuid: first.eventUuid }]);
    expect(await events(accountId)).toMatchObject([
      { event_uuid: first.eventUuid, matched: 1, payload_snapshot: '{"n":0}', duplicate_of: null },
      { event_uuid: second.eventUuid, matched: 0, payload_snapshot: null, duplicate_of: first.eventUuid },
      { event_uuid: third.eventUuid, matched: 0, payload_snapshot: null, duplicate_of: first.eventUuid },
    ]);
    expect(await messages('deliveries')).toHaveLength(1);
  });

  it('is free again after 48 hours, and is no other account’s', async () => {
    const one = await addWebhook(pipeline, { accountId: newAccount() });
    const other = await addWebhook(pipeline, { accountId: newAccount() });
    const old = Date.now() - 49 * 3_600_000;
    await run(apiEntry([accepted(one.accountId, { eventId: 'k', acceptedAt: old })]));
    await run(apiEntry([accepted(one.accountId, { eventId: 'k' }), accepted(other.accountId, { eventId: 'k' })]));
    expect(await rows(one.accountId)).toHaveLength(2);
    expect(await rows(other.accountId)).toHaveLength(1);
  });

  it('a loser re-enqueues a winner of an earlier partition that was never attempted', async () => {
    const { accountId } = await addWebhook(pipeline, { accountId: newAccount() });
    const winner = accepted(accountId, { eventId: 'k', acceptedAt: Date.now() - 30 * 3_600_000 });
    await run(apiEntry([winner]));
    await messages('deliveries');
    await pipeline.testDatabase.query(
      "UPDATE hook.deliveries SET claimed_until = now() - interval '1 second' WHERE account_id = $1",
      [accountId],
    );
    await run(apiEntry([accepted(accountId, { eventId: 'k' })]));
    expect(await messages('retries')).toHaveLength(1);
  });
});

describe('eight clients at once', () => {
  it('meet in no deadlock, lose nothing, and sum(matched) is the number of deliveries', async () => {
    const accounts = [newAccount(), newAccount()];
    for (const accountId of accounts) {
      await addWebhook(pipeline, { accountId });
      await addWebhook(pipeline, { accountId });
    }
    const pool = Array.from({ length: 60 }, (_, n) =>
      accepted(accounts[n % 2] ?? '', { eventId: `shared-${n % 20}`, acceptedAt: Date.now() + n }),
    );
    const client = async () => {
      for (let round = 0; round < 12; round++) {
        const picked = Array.from(
          { length: 10 },
          () => pool[Math.floor(Math.random() * pool.length)] ?? accepted('none'),
        );
        expect(await run(...picked.map((event) => apiEntry([event])))).toEqual([]);
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    const [sums] = await pipeline.testDatabase.query(
      `SELECT (SELECT sum(matched) FROM hook.events WHERE account_id = ANY ($1))::int AS matched,
              (SELECT count(*) FROM hook.deliveries WHERE account_id = ANY ($1))::int AS deliveries,
              (SELECT count(*) FROM hook.deliveries d JOIN hook.events e USING (event_uuid)
                WHERE d.account_id = ANY ($1) AND e.duplicate_of IS NOT NULL)::int AS of_duplicates`,
      [accounts],
    );
    // 20 keys, each of which lives in one account alone, and two webhooks an account.
    expect(sums).toEqual({ matched: 40, deliveries: 40, of_duplicates: 0 });
    expect(pipeline.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
