import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sqsBatchHandler } from '../../../lambdas/adapters/batch/sqs-batch.ts';
import { createKeyring } from '../../../lambdas/adapters/secrets/keyring.ts';
import { dueMarkerKey } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { newEventUuid } from '../../../lambdas/domain/ids/event-uuid.ts';
import { API_SOURCE } from '../../../lambdas/domain/messages/bus-entry.ts';
import { fanOut } from '../../../lambdas/fan-out/fan-out.ts';
import { addWebhook, newAccount, type TestWebhook } from '../adapters/pipeline.ts';
import { type DeliverBench, recordOf, startDeliverBench } from './deliver-bench.ts';

const PRIVATE = 'what is private to the payload';
let bench: DeliverBench;

beforeAll(async () => {
  bench = await startDeliverBench();
});
afterAll(() => bench.stop());

/** @returns bodies of the messages that the fan-out put on the deliveries queue. */
async function publish(webhook: TestWebhook): Promise<object[]> {
  const { database, queues, controlBucket, log, metrics } = bench.pipeline;
  const context = {
    ...{ database, queues, controlBucket, log, metrics },
    deliveriesQueueUrl: bench.pipeline.queueUrl('deliveries'),
    retriesQueueUrl: bench.pipeline.queueUrl('retries'),
    openTtlSeconds: 14_400,
    now: Date.now,
    newToken: randomUUID,
  };
  const acceptedAt = Date.now();
  const eventUuid = newEventUuid(acceptedAt, randomBytes(16));
  const payload = JSON.stringify({ text: PRIVATE });
  const event = { eventUuid, accountId: webhook.accountId, type: 'order.created', acceptedAt, payload };
  const entry = { id: randomUUID(), source: API_SOURCE, 'detail-type': 'batch', detail: { events: [event] } };
  const handler = sqsBatchHandler({ run: (records) => fanOut(context, records), onFault: () => undefined, queues });
  expect(await handler({ Records: [recordOf(entry, { queue: 'events' })] })).toEqual({ batchItemFailures: [] });
  const records = await bench.pipeline.receive('deliveries');
  return records.map(({ body }) => JSON.parse(body));
}

const webhookHere = () => addWebhook(bench.pipeline, { accountId: newAccount(), url: bench.receiver.url });

describe('no message in the clear and no line of the log', () => {
  it('holds a secret, and no line a payload or what a receiver said, whatever fails', async () => {
    const webhook = await webhookHere();
    const { kms, faults, lines } = bench.pipeline;
    const said = 'what the receiver said';
    bench.receiver.answer = (response) => void response.writeHead(500, { 'x-said': said }).end(said);
    const told: string[] = [];
    const deliverOne = async (handler: ReturnType<DeliverBench['handler']>, queue: 'deliveries' | 'retries') => {
      const messages = await publish(webhook);
      told.push(...messages.map((message) => JSON.stringify(message)));
      return handler({ Records: messages.map((message) => recordOf(message, { queue })) });
    };
    await deliverOne(bench.handler(), 'deliveries');
    faults.set('kms', { mode: 'down' });
    const cold = createKeyring({ client: kms.client, keyArn: kms.keyArn, keyCacheMs: 300_000 });
    expect((await deliverOne(bench.handler({ keyring: cold }), 'deliveries')).batchItemFailures).toHaveLength(1);
    faults.set('kms', { mode: 'up' });
    bench.receiver.answer = (response) => {
      faults.set('database', { mode: 'down' });
      response.writeHead(500, { 'x-said': said }).end(said);
    };
    await deliverOne(bench.handler(), 'deliveries');
    faults.set('database', { mode: 'up' });
    told.push(...bench.sentToRetries);

    expect(told.length).toBeGreaterThanOrEqual(5);
    expect(lines.filter((line) => line.includes('"level"')).length).toBeGreaterThanOrEqual(2);
    const { secret } = webhook;
    for (const text of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')]) {
      expect(told.filter((message) => message.includes(text))).toEqual([]);
      expect(lines.filter((line) => line.includes(text))).toEqual([]);
    }
    for (const text of [PRIVATE, said, bench.receiver.url]) {
      expect(lines.filter((line) => line.includes(text))).toEqual([]);
    }
  });
});

describe('what must be looked at later, even if every message is lost,', () => {
  it('has its markers from the fan-out on: when its message counts as lost, and when it expires', async () => {
    const before = Date.now();
    await publish(await webhookHere());
    const keys = [...bench.pipeline.controlBucket.keys];
    const isMarked = (ms: number) =>
      keys.some((key) => key >= dueMarkerKey(before + ms) && key <= dueMarkerKey(Date.now() + ms));
    expect([isMarked(16 * 60_000), isMarked(14_400_000)]).toEqual([true, true]);
  });
});
