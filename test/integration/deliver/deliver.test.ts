import { randomBytes, randomUUID } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { Webhook } from 'standardwebhooks';
import { sqsBatchHandler } from '../../../lambdas/adapters/batch/sqs-batch.ts';
import type { Database } from '../../../lambdas/adapters/database/database.ts';
import { createSender, type Sender } from '../../../lambdas/adapters/http-out/sender.ts';
import type { Queues } from '../../../lambdas/adapters/queues/queues.ts';
import { createKeyring } from '../../../lambdas/adapters/secrets/keyring.ts';
import { deliver } from '../../../lambdas/deliver/deliver.ts';
import type { DeliverContext } from '../../../lambdas/deliver/deliver-context.ts';
import { dueMarkerKey } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { deliveryId } from '../../../lambdas/domain/ids/delivery-id.ts';
import { newEventUuid } from '../../../lambdas/domain/ids/event-uuid.ts';
import { API_SOURCE } from '../../../lambdas/domain/messages/bus-entry.ts';
import type { DeliverMessage } from '../../../lambdas/domain/messages/delivery-message.ts';
import { fanOut } from '../../../lambdas/fan-out/fan-out.ts';
import { queueArn } from '../../../local/queues/queue-properties.ts';
import { eventually } from '../../support/eventually.ts';
import {
  addWebhook,
  type Handler,
  newAccount,
  type Pipeline,
  startPipeline,
  type TestWebhook,
} from '../adapters/pipeline.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let pipeline: Pipeline;
let receiver: Receiver;
let sender: Sender;
let context: DeliverContext;
let handler: Handler;
let sqs: SQSClient;
/** Statements that the functions under test ran. */
let statements: string[];
const sentToRetries: string[] = [];

const SETTINGS = {
  retryScheduleSeconds: [30, 300, 1_800, 7_200, 28_800],
  deliveryTimeoutSeconds: 2,
  callbackTimeoutSeconds: 900,
  openTtlSeconds: 14_400,
  inFlightLimit: 100_000,
  configCacheSeconds: 10,
};

beforeAll(async () => {
  pipeline = await startPipeline();
  receiver = await startReceiver();
  sender = createSender({ policy: { rule: 'loopback-allowed', ownHosts: [] } });
  sqs = new SQSClient({
    endpoint: new URL('/sqs', pipeline.queueUrl('events')).href,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'x' },
  });
});
afterAll(async () => {
  sqs.destroy();
  await sender.close();
  await receiver.stop();
  await pipeline.stop();
});

beforeEach(async () => {
  for (const service of ['database', 'sqs', 'kms'] as const) pipeline.faults.set(service, { mode: 'up' });
  pipeline.failEntries(() => false);
  pipeline.controlBucket.isDown = false;
  pipeline.controlBucket.keys.clear();
  for (const queue of ['deliveries', 'retries', 'dead-letters'] as const) await drain(queue);
  pipeline.lines.length = 0;
  receiver.requests.length = 0;
  receiver.answer = (response) => void response.writeHead(204).end();
  statements = [];
  sentToRetries.length = 0;
  use({});
});

function use(overrides: Partial<DeliverContext>): void {
  const counted: Database = {
    query: (statement, ...rest) => {
      statements.push(statement.sql);
      return pipeline.database.query(statement, ...rest);
    },
  };
  context = {
    database: counted,
    queues: recording(pipeline.queues),
    controlBucket: pipeline.controlBucket,
    keyring: pipeline.keyring,
    sender,
    log: pipeline.log,
    metrics: pipeline.metrics,
    settings: SETTINGS,
    retriesQueueUrl: pipeline.queueUrl('retries'),
    deadLettersQueueUrl: pipeline.queueUrl('dead-letters'),
    now: Date.now,
    newToken: randomUUID,
    random: () => 0.5,
    ...overrides,
  };
  handler = sqsBatchHandler({
    run: (records) => deliver(context, records),
    onFault: (error) => pipeline.log.error('batch_failed', { error }),
    queues: pipeline.queues,
  });
}

/** Notes what goes to the retries queue, for most of it waits there out of sight. */
function recording(queues: Queues): Queues {
  return {
    ...queues,
    sendAll: (url, messages) => {
      if (url === pipeline.queueUrl('retries')) sentToRetries.push(...messages.map(({ body }) => body));
      return queues.sendAll(url, messages);
    },
  };
}

async function drain(queue: 'deliveries' | 'retries' | 'dead-letters'): Promise<SQSRecord[]> {
  const found: SQSRecord[] = [];
  for (let batch = await pipeline.receive(queue); batch.length > 0; batch = await pipeline.receive(queue)) {
    await pipeline.consume(queue, async () => ({ batchItemFailures: [] }), batch);
    found.push(...batch);
  }
  return found;
}

interface Made extends TestWebhook {
  readonly ids: string[];
  readonly payloads: string[];
}

/** Publishes through the real fan-out, which leaves claimed rows and messages on the deliveries queue. */
async function publish(
  props: { webhook?: Partial<Parameters<typeof addWebhook>[1]>; count?: number; payload?: string } = {},
): Promise<Made> {
  const webhook = await addWebhook(pipeline, { accountId: newAccount(), url: receiver.url, ...props.webhook });
  const acceptedAt = Date.now();
  const events = Array.from({ length: props.count ?? 1 }, (_, n) => ({
    eventUuid: newEventUuid(acceptedAt, randomBytes(16)),
    accountId: webhook.accountId,
    eventId: `event-${n}`,
    type: 'order.created',
    acceptedAt,
    payload: props.payload ?? `{"n":${n},"total":1.0}`,
  }));
  const body = JSON.stringify({ id: randomUUID(), source: API_SOURCE, 'detail-type': 'batch', detail: { events } });
  const { database, queues, controlBucket, log, metrics, now, newToken } = { ...context, database: pipeline.database };
  const urls = { deliveriesQueueUrl: pipeline.queueUrl('deliveries'), retriesQueueUrl: pipeline.queueUrl('retries') };
  await fanOut({ database, queues, controlBucket, log, metrics, now, newToken, openTtlSeconds: 14_400, ...urls }, [
    recordOf(body, 'events'),
  ]);
  pipeline.lines.length = 0;
  return {
    ...webhook,
    ids: events.map((event) => deliveryId(event.eventUuid, webhook.webhookId)),
    payloads: events.map((event) => event.payload),
  };
}

function recordOf(body: string, queue: string, receiveCount = 1): SQSRecord {
  const attributes = {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: String(Date.now()),
    SenderId: 'x',
    ApproximateFirstReceiveTimestamp: '0',
  };
  return {
    messageId: randomUUID(),
    receiptHandle: 'none',
    body,
    attributes,
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn(queue),
    awsRegion: 'us-east-1',
  };
}

interface Row {
  readonly status: string;
  readonly attempts: number;
  readonly carrier: string;
  readonly generation: number;
  readonly last_error: string | null;
  readonly failure_reason: string | null;
  readonly next_retry_at: Date | null;
  readonly expires_at: Date | null;
  readonly claim_token: string | null;
  readonly claimed_by: string | null;
  readonly delivered_at: Date | null;
}

async function rowOf(id: string | undefined): Promise<Row> {
  const [row] = await pipeline.testDatabase.query<Row & Record<string, unknown>>(
    'SELECT * FROM hook.deliveries WHERE delivery_id = $1',
    [id],
  );
  if (row === undefined) throw new Error('no such delivery');
  return row;
}
const attemptsOf = (id: string | undefined) =>
  pipeline.testDatabase.query<Record<string, unknown>>(
    'SELECT * FROM hook.delivery_attempts WHERE delivery_id = $1 ORDER BY generation, attempt_number',
    [id],
  );
const sql = (text: string, ...values: unknown[]) => pipeline.testDatabase.query(text, values);
const byId = (id: string | undefined, props: Partial<DeliverMessage> = {}) =>
  JSON.stringify({ v: 1, kind: 'deliver', deliveryId: id, generation: 0, hops: 0, ...props });
const enqueue = (queue: 'deliveries' | 'retries', body: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl: pipeline.queueUrl(queue), MessageBody: body }));
/** Ends every lease and makes the row due. */
const release = (id: string | undefined) =>
  sql(
    "UPDATE hook.deliveries SET claimed_until = now() - interval '1 s', next_retry_at = now() - interval '1 s' WHERE delivery_id = $1",
    id,
  );

describe('an attempt', () => {
  it('of a full fresh batch takes no read, one write, no KMS call beyond the first, no log line, one metrics line', async () => {
    const { ids } = await publish({ count: 10 });
    const response = await pipeline.consume('deliveries', handler);
    expect(response.batchItemFailures).toEqual([]);
    expect(receiver.requests).toHaveLength(10);
    expect(statements).toHaveLength(1);
    expect(pipeline.lines).toHaveLength(1);
    for (const id of ids)
      expect(await rowOf(id)).toMatchObject({
        status: 'DELIVERED',
        attempts: 1,
        claim_token: null,
        claimed_by: null,
        expires_at: null,
      });
    expect(await attemptsOf(ids[0])).toMatchObject([{ attempt_number: 1, http_status: 204, error: null }]);
    expect(await drain('deliveries')).toEqual([]);
  });

  it('sends what receivers can verify, around the raw payload', async () => {
    const { ids, payloads, secret, webhookId } = await publish();
    await pipeline.consume('deliveries', handler);
    const [request] = receiver.requests;
    expect(request?.body).toContain(`"data":${payloads[0]}`);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ id: 'event-0', event_type: 'order.created' });
    expect(request?.headers).toMatchObject({
      'webhook-id': ids[0],
      'user-agent': 'Tidegate/1',
      'x-webhook-subscription-id': webhookId,
      'x-webhook-event': 'order.created',
    });
    const verifier = new Webhook(Buffer.from(secret).toString('base64'));
    expect(() => verifier.verify(request?.body ?? '', request?.headers as Record<string, string>)).not.toThrow();
  });

  it('reads a large payload in parts and sends it whole', async () => {
    const payload = JSON.stringify({ text: '€"\\'.repeat(40_000) });
    const { ids } = await publish({ payload });
    await pipeline.consume('deliveries', handler);
    expect(receiver.requests[0]?.body).toContain(`"data":${payload}`);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DELIVERED' });
  });

  it('accepted with a callback to come is IN_PROGRESS until its deadline', async () => {
    receiver.answer = (response) => void response.writeHead(202, { 'X-Webhook-Callback': 'async' }).end();
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    const row = await rowOf(ids[0]);
    expect(row).toMatchObject({ status: 'IN_PROGRESS', attempts: 1, next_retry_at: null });
    const deadline = row.expires_at?.getTime() ?? 0;
    expect(Math.abs(deadline - Date.now() - 900_000)).toBeLessThan(5_000);
    expect(pipeline.controlBucket.keys).toContain(dueMarkerKey(deadline));
  });

  it('410 ends the delivery, disables the webhook and holds its other deliveries', async () => {
    const { ids, webhookId } = await publish({ count: 2 });
    const held = ids[1];
    receiver.answer = (response) => void response.writeHead(410).end();
    const records = await pipeline.receive('deliveries');
    const first = records.filter(({ body }) => body.includes(String(ids[0])));
    await release(held);
    await pipeline.consume('deliveries', handler, first);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'FAILED', failure_reason: 'gone' });
    expect(await rowOf(held)).toMatchObject({ status: 'HELD', carrier: 'parked', generation: 1 });
    const [config] = await sql(
      'SELECT is_active, disabled_reason FROM hook.webhook_configs WHERE webhook_id = $1',
      webhookId,
    );
    expect(config).toEqual({ is_active: false, disabled_reason: 'gone' });
  });
});

describe('a failed attempt', () => {
  beforeEach(() => {
    receiver.answer = (response) => void response.writeHead(500, { 'x-note': 'no' }).end('broken \u0000 body');
  });

  it('waits on the retries queue, its row says when, and the answer is kept as bytes', async () => {
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    const row = await rowOf(ids[0]);
    expect(row).toMatchObject({ status: 'FAILED_RETRY', attempts: 1, carrier: 'retries', claim_token: null });
    expect(row.last_error).toContain('http_500');
    const due = row.next_retry_at?.getTime() ?? 0;
    expect(due - Date.now()).toBeGreaterThan(25_000);
    expect((row.expires_at?.getTime() ?? 0) - due).toBe(14_400_000);
    expect(pipeline.controlBucket.keys).toContain(dueMarkerKey(due + 16 * 60_000));
    const [attempt] = await attemptsOf(ids[0]);
    expect(attempt).toMatchObject({ http_status: 500, response_body: Buffer.from('broken \u0000 body') });
    expect(attempt?.response_headers).toContain('["x-note","no"]');
    // Delayed, so not to be had now.
    expect(await drain('retries')).toEqual([]);
    expect(await drain('deliveries')).toEqual([]);
  });

  it('on the retries lane hides its message, and the message comes back with all it needs', async () => {
    use({ settings: { ...SETTINGS, retryScheduleSeconds: [0, 1, 1] } });
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    let response = await pipeline.consume('retries', handler);
    expect(response.batchItemFailures).toHaveLength(1);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'FAILED_RETRY', attempts: 2, carrier: 'retries' });
    receiver.answer = (answer) => void answer.writeHead(200).end('ok');
    await eventually(async () => {
      const records = await pipeline.receive('retries');
      if (records.length === 0) return false;
      response = await pipeline.consume('retries', handler, records);
      return true;
    });
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DELIVERED', attempts: 3 });
    expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([ids[0], ids[0], ids[0]]);
    expect(new Set(receiver.requests.map(({ body }) => body)).size).toBe(1);
  });

  it('after the last step is a dead letter, on record first, then on its queue', async () => {
    use({ settings: { ...SETTINGS, retryScheduleSeconds: [0] } });
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    pipeline.failEntries((queue) => queue === 'dead-letters');
    const records = await pipeline.receive('retries');
    expect((await pipeline.consume('retries', handler, records)).batchItemFailures).toHaveLength(1);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DEAD_LETTER', attempts: 2, failure_reason: 'exhausted' });
    // The redelivery finds it unannounced, and sends nothing.
    pipeline.failEntries(() => false);
    expect((await pipeline.consume('retries', handler, records)).batchItemFailures).toEqual([]);
    expect(receiver.requests).toHaveLength(2);
    expect((await drain('dead-letters')).map(({ body }) => JSON.parse(body))).toMatchObject([
      { kind: 'exhausted', deliveryId: ids[0], generation: 0 },
    ]);
  });

  it('with a wait over 15 minutes from the deliveries lane is parked, with a marker at its time', async () => {
    use({ settings: { ...SETTINGS, retryScheduleSeconds: [1_800] } });
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    const row = await rowOf(ids[0]);
    expect(row).toMatchObject({ status: 'FAILED_RETRY', carrier: 'parked' });
    expect(pipeline.controlBucket.keys).toContain(dueMarkerKey(row.next_retry_at?.getTime() ?? 0));
  });

  it('is not parked while no marker can be written', async () => {
    use({ settings: { ...SETTINGS, retryScheduleSeconds: [1_800] } });
    const { ids } = await publish();
    pipeline.controlBucket.isDown = true;
    await pipeline.consume('deliveries', handler);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'FAILED_RETRY', carrier: 'retries' });
  });

  it('is parked when too many messages are in flight', async () => {
    use({
      settings: { ...SETTINGS, inFlightLimit: 1 },
      queues: { ...pipeline.queues, depth: async () => ({ visible: 0, inFlight: 1 }) },
    });
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'FAILED_RETRY', carrier: 'parked' });
  });

  it('comes back to its own queue when the retries queue does not take it', async () => {
    const { ids } = await publish();
    pipeline.failEntries((queue) => queue === 'retries');
    expect((await pipeline.consume('deliveries', handler)).batchItemFailures).toHaveLength(1);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'FAILED_RETRY', attempts: 1 });
  });

  it('a timeout is an attempt', async () => {
    receiver.answer = () => undefined;
    use({ settings: { ...SETTINGS, deliveryTimeoutSeconds: 1 } });
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    expect((await rowOf(ids[0])).last_error).toContain('timeout');
    expect(await attemptsOf(ids[0])).toMatchObject([{ http_status: null }]);
  });

  it('a target that became forbidden is an attempt that sends nothing', async () => {
    const strict = createSender({ policy: { rule: 'public', ownHosts: [] } });
    use({ sender: strict });
    const { ids } = await publish();
    await pipeline.consume('deliveries', handler);
    expect((await rowOf(ids[0])).last_error).toContain('target_refused');
    expect(receiver.requests).toEqual([]);
    await strict.close();
  });
});

describe('a slow receiver', () => {
  it('keeps no neighbour’s result waiting', async () => {
    use({ settings: { ...SETTINGS, deliveryTimeoutSeconds: 10 } });
    let finish: () => void = () => undefined;
    receiver.answer = (response, request) => {
      if (request.body.includes('"n":0')) finish = () => void response.writeHead(200).end();
      else response.writeHead(200).end();
    };
    const { ids } = await publish({ count: 3 });
    const running = pipeline.consume('deliveries', handler);
    await eventually(
      async () => (await rowOf(ids[1])).status === 'DELIVERED' && (await rowOf(ids[2])).status === 'DELIVERED',
    );
    expect(await rowOf(ids[0])).toMatchObject({ status: 'PENDING' });
    finish();
    await running;
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DELIVERED' });
    expect(statements).toHaveLength(2);
  });
});

describe('a claim', () => {
  it('is needed by any message but a fresh one, and is the one read', async () => {
    const { ids } = await publish({ count: 3 });
    await drain('deliveries');
    for (const id of ids) await release(id);
    await handler({ Records: ids.map((id) => recordOf(byId(id), 'retries')) });
    expect(statements).toHaveLength(2);
    for (const id of ids) expect(await rowOf(id)).toMatchObject({ status: 'DELIVERED' });
  });

  it.each([
    ['received before', { receiveCount: 2 }],
    ['with an old configuration', { readAt: Date.now() - 60_000 }],
    ['of a rate limited webhook', { rateLimitPerSecond: 5 }],
    ['with a lease that ends soon', { untilMs: Date.now() + 1_000 }],
  ])('reads the row of a message %s', async (_what, change: Record<string, number>) => {
    const { ids } = await publish();
    const [record] = await pipeline.receive('deliveries');
    const message = JSON.parse(record?.body ?? '');
    // Its first copy may be on its way under that lease.
    if (change.receiveCount) await release(ids[0]);
    if (change.readAt) message.webhook.readAt = change.readAt;
    if (change.rateLimitPerSecond) message.webhook.rateLimitPerSecond = change.rateLimitPerSecond;
    if (change.untilMs) message.claim.untilMs = change.untilMs;
    await handler({ Records: [recordOf(JSON.stringify(message), 'deliveries', change.receiveCount ?? 1)] });
    expect(statements).toHaveLength(2);
    expect(receiver.requests).toHaveLength(1);
  });

  it('takes the lease that its message came with, and no other’s', async () => {
    const { ids } = await publish();
    await drain('deliveries');
    const { claim_token: token } = await rowOf(ids[0]);
    const stranger = await handler({ Records: [recordOf(byId(ids[0]), 'retries')] });
    expect(stranger.batchItemFailures).toHaveLength(1);
    expect(receiver.requests).toEqual([]);
    await handler({ Records: [recordOf(byId(ids[0], { claim: { token: String(token), untilMs: 0 } }), 'retries', 2)] });
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DELIVERED' });
  });

  it('rotates the token: a second copy of the same message does not pass', async () => {
    receiver.answer = (response) => void setTimeout(() => response.writeHead(200).end(), 200);
    const { ids } = await publish();
    await drain('deliveries');
    const { claim_token: token } = await rowOf(ids[0]);
    const copy = () => recordOf(byId(ids[0], { claim: { token: String(token), untilMs: 0 } }), 'retries', 2);
    await Promise.all(Array.from({ length: 8 }, () => handler({ Records: [copy()] })));
    expect(receiver.requests).toHaveLength(1);
    expect(await attemptsOf(ids[0])).toHaveLength(1);
  });

  it.each([
    ['DELIVERED', {}, 'drop'],
    ['CANCELLED', {}, 'drop'],
    ['HELD', {}, 'drop'],
    ['IN_PROGRESS', {}, 'drop'],
    ['FAILED_RETRY', { carrier: 'parked' }, 'drop'],
    ['FAILED_RETRY', { generation: 1 }, 'drop'],
    ['FAILED_RETRY', { next_retry_at: new Date(Date.now() + 60_000) }, 'wait'],
    ['PENDING', { claimed_until: new Date(Date.now() + 60_000), claim_token: randomUUID() }, 'wait'],
  ])('of a row that is %s %j: %s', async (status, columns: Record<string, unknown>, fate) => {
    const { ids } = await publish();
    await drain('deliveries');
    await release(ids[0]);
    await sql('UPDATE hook.deliveries SET status = $2 WHERE delivery_id = $1', ids[0], status);
    for (const [name, value] of Object.entries(columns))
      await sql(`UPDATE hook.deliveries SET ${name} = $2 WHERE delivery_id = $1`, ids[0], value);
    const { batchItemFailures } = await handler({ Records: [recordOf(byId(ids[0]), 'retries', 2)] });
    expect(batchItemFailures).toHaveLength(fate === 'wait' ? 1 : 0);
    expect(receiver.requests).toEqual([]);
  });

  it.each([
    ["mode = 'hold'", 'HELD', 1],
    ['is_active = false', 'HELD', 1],
  ])('of a webhook with %s stops the delivery', async (change, status, generation) => {
    const { ids, webhookId } = await publish();
    await drain('deliveries');
    await release(ids[0]);
    await sql(`UPDATE hook.webhook_configs SET ${change} WHERE webhook_id = $1`, webhookId);
    expect((await handler({ Records: [recordOf(byId(ids[0]), 'retries')] })).batchItemFailures).toEqual([]);
    expect(await rowOf(ids[0])).toMatchObject({ status, generation, carrier: 'parked', claim_token: null });
    expect(receiver.requests).toEqual([]);
  });

  it('of a deleted webhook cancels the delivery', async () => {
    const { ids, webhookId } = await publish();
    await drain('deliveries');
    await release(ids[0]);
    await sql('DELETE FROM hook.webhook_configs WHERE webhook_id = $1', webhookId);
    await handler({ Records: [recordOf(byId(ids[0]), 'retries')] });
    expect(await rowOf(ids[0])).toMatchObject({ status: 'CANCELLED' });
  });
});

describe('a result', () => {
  it.each(['IN_PROGRESS', 'DELIVERED', 'FAILED', 'CANCELLED'])('never beats a row that is %s', async (status) => {
    const { ids } = await publish();
    receiver.answer = (response) => {
      void sql('UPDATE hook.deliveries SET status = $2 WHERE delivery_id = $1', ids[0], status).then(() =>
        response.writeHead(500).end(),
      );
    };
    expect((await pipeline.consume('deliveries', handler)).batchItemFailures).toEqual([]);
    expect(await rowOf(ids[0])).toMatchObject({ status, attempts: 1, last_error: null });
    expect(await attemptsOf(ids[0])).toHaveLength(1);
    expect(await drain('retries')).toEqual([]);
  });

  it('of an older generation leaves the row alone', async () => {
    const { ids } = await publish();
    receiver.answer = (response) => {
      void sql("UPDATE hook.deliveries SET status = 'HELD', generation = 1 WHERE delivery_id = $1", ids[0]).then(() =>
        response.writeHead(200).end(),
      );
    };
    await pipeline.consume('deliveries', handler);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'HELD', generation: 1, attempts: 0 });
    expect(await attemptsOf(ids[0])).toMatchObject([{ generation: 0, http_status: 200 }]);
  });

  it('that cannot be written waits in the queue: no second POST, and then it is written', async () => {
    const { ids } = await publish({ count: 2 });
    receiver.answer = (response) => {
      pipeline.faults.set('database', { mode: 'down' });
      response.writeHead(200).end('ok');
    };
    expect((await pipeline.consume('deliveries', handler)).batchItemFailures).toEqual([]);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'PENDING' });
    pipeline.faults.set('database', { mode: 'up' });
    expect(pipeline.lines.join()).toContain('hook_db_errors_total');
    const saved = await delayed(2);
    expect((await handler({ Records: saved })).batchItemFailures).toEqual([]);
    for (const id of ids) expect(await rowOf(id)).toMatchObject({ status: 'DELIVERED', attempts: 1 });
    expect(receiver.requests).toHaveLength(2);
  });

  it('that was a failure carries the delivery on once it is written, and stays while it cannot be', async () => {
    const { ids } = await publish();
    const record = {
      deliveryId: ids[0],
      generation: 0,
      attemptNumber: 1,
      startedAt: Date.now(),
      durationMs: 5,
      httpStatus: 500,
      error: 'http_500: x',
      responseHeaders: [],
      responseBody: '',
      outcome: 'retry',
      nextRetryAt: Date.now(),
    };
    const body = JSON.stringify({
      v: 1,
      kind: 'record',
      deliveryId: ids[0],
      generation: 0,
      hops: 1,
      accountId: 'a',
      webhookId: randomUUID(),
      record,
    });
    pipeline.faults.set('database', { mode: 'down' });
    expect((await handler({ Records: [recordOf(body, 'retries')] })).batchItemFailures).toHaveLength(1);
    pipeline.faults.set('database', { mode: 'up' });
    await handler({ Records: [recordOf(body, 'retries'), recordOf(body, 'retries')] });
    expect(await rowOf(ids[0])).toMatchObject({ status: 'FAILED_RETRY', attempts: 1 });
    expect(await attemptsOf(ids[0])).toHaveLength(1);
    const next = (await drain('retries')).map(({ body: text }) => JSON.parse(text));
    expect(next[0]).toMatchObject({ kind: 'deliver', deliveryId: ids[0], generation: 0, hops: 2 });
  });

  it('written twice counts once', async () => {
    const { ids } = await publish();
    const [record] = await pipeline.receive('deliveries');
    const once = { ...pipeline.database };
    // The call runs, and its answer is lost.
    use({
      database: {
        query: async (...call) => {
          await once.query(...call);
          throw new Error('socket hang up');
        },
      },
    });
    await handler({ Records: record === undefined ? [] : [record] });
    use({});
    await handler({ Records: await delayed(1) });
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DELIVERED', attempts: 1 });
    expect(await attemptsOf(ids[0])).toHaveLength(1);
  });

  it('of eight clients on shared rows meets in no deadlock', async () => {
    receiver.answer = (response) => void response.writeHead(500).end();
    use({ settings: { ...SETTINGS, retryScheduleSeconds: Array.from({ length: 20 }, () => 0) } });
    const { ids } = await publish({ count: 10 });
    await drain('deliveries');
    for (const id of ids) await release(id);
    const client = async () => {
      for (let round = 0; round < 6; round++) {
        const shuffled = [...ids].sort(() => Math.random() - 0.5);
        await handler({ Records: shuffled.map((id) => recordOf(byId(id), 'retries')) });
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    const [sums] = await sql(
      `SELECT (SELECT sum(attempts) FROM hook.deliveries WHERE delivery_id = ANY ($1))::int AS counted,
              (SELECT count(*) FROM hook.delivery_attempts WHERE delivery_id = ANY ($1))::int AS recorded`,
      ids,
    );
    expect(sums).toEqual({ counted: receiver.requests.length, recorded: receiver.requests.length });
    expect(pipeline.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});

/** Messages that wait out a delay on the retries queue, as they will be received. */
async function delayed(count: number): Promise<SQSRecord[]> {
  const saved = sentToRetries.splice(0);
  expect(saved).toHaveLength(count);
  return saved.map((body) => recordOf(body, 'retries'));
}
describe('a KMS that is away', () => {
  it('defers a cold function without an attempt, and does not stop a warm one', async () => {
    const cold = createKeyring({ client: pipeline.kms.client, keyArn: pipeline.kms.keyArn, keyCacheMs: 300_000 });
    use({ keyring: cold });
    const { ids } = await publish();
    pipeline.faults.set('kms', { mode: 'down' });
    const records = await pipeline.receive('deliveries');
    expect((await handler({ Records: records })).batchItemFailures).toHaveLength(1);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'PENDING', attempts: 0 });
    expect(await attemptsOf(ids[0])).toEqual([]);
    expect(pipeline.lines.join()).toContain('hook_kms_errors_total');
    pipeline.faults.set('kms', { mode: 'up' });
    const again = records.map(({ body }) => recordOf(body, 'deliveries', 2));
    expect((await handler({ Records: again })).batchItemFailures).toEqual([]);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DELIVERED', attempts: 1 });
  });

  it('a secret that does not open is a failed attempt, and nothing is sent unsigned', async () => {
    const { ids, webhookId } = await publish();
    await drain('deliveries');
    await release(ids[0]);
    await sql("UPDATE hook.webhook_configs SET secret_enc = 'v1.AAAA' WHERE webhook_id = $1", webhookId);
    await handler({ Records: [recordOf(byId(ids[0]), 'retries')] });
    expect(await rowOf(ids[0])).toMatchObject({ status: 'FAILED_RETRY', attempts: 1 });
    expect(receiver.requests).toEqual([]);
  });
});

describe('a message', () => {
  it('that cannot be read blocks nobody', async () => {
    const { ids } = await publish();
    const records = await pipeline.receive('deliveries');
    const bad = ['{', '{}', byId('not-an-id'), byId(ids[0], { hops: 5_000 })].map((body) =>
      recordOf(body, 'deliveries'),
    );
    expect((await handler({ Records: [...bad, ...records] })).batchItemFailures).toEqual([]);
    expect(await rowOf(ids[0])).toMatchObject({ status: 'DELIVERED' });
    expect(pipeline.lines.filter((line) => line.includes('message_refused'))).toHaveLength(4);
  });

  it('comes back when the database is away at the claim', async () => {
    const { ids } = await publish();
    await drain('deliveries');
    await enqueue('retries', byId(ids[0]));
    pipeline.faults.set('database', { mode: 'down' });
    expect((await pipeline.consume('retries', handler)).batchItemFailures).toHaveLength(1);
    expect(await pipeline.receive('retries')).toEqual([]);
    expect(receiver.requests).toEqual([]);
  });
});
