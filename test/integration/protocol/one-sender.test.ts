import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '../../../lambdas/adapters/database/database.ts';
import { type SnapshotRow, toSnapshot } from '../../../lambdas/adapters/delivery-rows/webhook-snapshot.ts';
import type { DeliverMessage } from '../../../lambdas/domain/messages/delivery-message.ts';
import { eventually } from '../../support/eventually.ts';
import { addDelivery, readDelivery } from '../adapters/delivery-row.ts';
import { addWebhook, newAccount, type TestWebhook } from '../adapters/pipeline.ts';
import { byId, type DeliverBench, recordOf, resultOf, startDeliverBench } from './deliver-bench.ts';

let bench: DeliverBench;
let webhook: TestWebhook;
/** Answers that the receiver still owes. */
let owed: Array<() => void>;

beforeAll(async () => {
  bench = await startDeliverBench();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  bench.receiver.requests.length = 0;
  bench.sentToRetries.length = 0;
  bench.pipeline.lines.length = 0;
  bench.receiver.answer = (response) => void response.writeHead(204).end();
  webhook = await addWebhook(bench.pipeline, { accountId: newAccount(), url: bench.receiver.url });
  owed = [];
});

const row = (id: string) => readDelivery(bench.pipeline, id);
/** The receiver takes its time until it is told to answer. */
function answerLater(status: number): void {
  bench.receiver.answer = (response) => void owed.push(() => response.writeHead(status).end());
}

describe('of one generation there is one sender at a time:', () => {
  it('two messages of different generations in one batch are one POST', async () => {
    const id = await addDelivery(bench.pipeline, webhook, { generation: 1, attempts: 2 });
    const { batchItemFailures } = await bench.handler()({
      Records: [recordOf(byId(id, { generation: 0 })), recordOf(byId(id, { generation: 1 }))],
    });
    expect(batchItemFailures).toEqual([]);
    expect(bench.receiver.requests).toHaveLength(1);
    expect(await row(id)).toMatchObject({ status: 'DELIVERED', generation: 1, attempts: 3 });
  });

  it('a webhook on hold stops the delivery once, whatever older message is in the batch', async () => {
    await bench.pipeline.testDatabase.query("UPDATE hook.webhook_configs SET mode = 'hold' WHERE webhook_id = $1", [
      webhook.webhookId,
    ]);
    const id = await addDelivery(bench.pipeline, webhook, { generation: 1 });
    await bench.handler()({ Records: [recordOf(byId(id)), recordOf(byId(id, { generation: 1 }))] });
    expect(await row(id)).toMatchObject({ status: 'HELD', generation: 2 });
    expect(bench.receiver.requests).toEqual([]);
  });

  it('a fresh message that SQS hands out twice waits while its first copy is sent unread', async () => {
    const token = randomUUID();
    const untilMs = Date.now() + 120_000;
    const id = await addDelivery(bench.pipeline, webhook, {
      carrier: 'deliveries',
      claim_token: token,
      claimed_until: new Date(untilMs),
      claimed_by: 'fan-out',
    });
    const message = await freshMessage(id, { token, untilMs });
    answerLater(200);
    const first = bench.handler()({ Records: [recordOf(message, { queue: 'deliveries' })] });
    await eventually(async () => owed.length === 1);
    const second = bench.handler()({ Records: [recordOf(message, { queue: 'deliveries', receiveCount: 2 })] });
    const outcome = await Promise.race([second, eventually(async () => owed.length > 1).then(() => 'a second POST')]);
    expect(outcome).toMatchObject({ batchItemFailures: [expect.anything()] });
    for (const answer of owed) answer();
    await first;
    expect(bench.receiver.requests).toHaveLength(1);
    expect(await row(id)).toMatchObject({ status: 'DELIVERED', attempts: 1 });
  });

  it('nothing is sent on a lease that a slow database has used up', async () => {
    const id = await addDelivery(bench.pipeline, webhook);
    let skewMs = 0;
    const slow: Database = {
      query: async (...call) => {
        const rows = await bench.pipeline.database.query(...call);
        skewMs += 22_000;
        return rows;
      },
    };
    const handler = bench.handler({ database: slow, now: () => Date.now() + skewMs });
    const { batchItemFailures } = await handler({ Records: [recordOf(byId(id))] });
    expect(batchItemFailures).toHaveLength(1);
    expect(bench.receiver.requests).toEqual([]);
    expect(await row(id)).toMatchObject({ status: 'PENDING', attempts: 0 });
  });

  it('a result that comes late does not end the lease of who is sending now', async () => {
    const id = await addDelivery(bench.pipeline, webhook);
    answerLater(200);
    const sending = bench.handler()({ Records: [recordOf(byId(id))] });
    await eventually(async () => owed.length === 1);
    await bench.handler()({ Records: [recordOf(resultOf(webhook, id, { claimToken: randomUUID() }))] });
    expect(await row(id)).toMatchObject({ status: 'FAILED_RETRY', attempts: 1, claimed_by: 'deliver' });
    const next = bench.sentToRetries.map((body) => recordOf(JSON.parse(body)));
    expect(next).toHaveLength(1);
    const outcome = await Promise.race([
      bench.handler()({ Records: next }),
      eventually(async () => owed.length > 1).then(() => 'a second POST'),
    ]);
    expect(outcome).toMatchObject({ batchItemFailures: [expect.anything()] });
    for (const answer of owed) answer();
    await sending;
    expect(bench.receiver.requests).toHaveLength(1);
  });
});

/** As the fan-out enqueues it: with all that a send needs, and its configuration just read. */
async function freshMessage(deliveryId: string, claim: { token: string; untilMs: number }): Promise<DeliverMessage> {
  const [config] = await bench.pipeline.testDatabase.query<{
    event_uuid: string;
    secret_enc: string;
    wrapped_key: string;
  }>(
    `SELECT d.event_uuid, c.secret_enc, k.wrapped_key FROM hook.deliveries d
       JOIN hook.webhook_configs c USING (webhook_id) JOIN hook.account_keys k ON k.account_id = c.account_id
      WHERE d.delivery_id = $1`,
    [deliveryId],
  );
  if (config === undefined) throw new Error('no such delivery');
  const snapshot: SnapshotRow = {
    url: bench.receiver.url,
    secretEnc: config.secret_enc,
    previousSecretEnc: null,
    previousSecretExpiresAt: null,
    signingAlgorithm: 'HMAC-SHA256',
    signingKeyEnc: null,
    wrappedKey: config.wrapped_key,
    rateLimitPerSecond: null,
  };
  const { accountId, webhookId } = webhook;
  const event = { id: 'e', type: 'order.created', timestamp: '2026-01-01T00:00:00Z', objectType: null, objectId: null };
  const fresh = toSnapshot(snapshot, Date.now());
  if (fresh === undefined) throw new Error('the account has a key');
  return byId(deliveryId, {
    claim,
    delivery: { accountId, webhookId, eventUuid: config.event_uuid, apiVersion: 'v1' },
    event: { ...event, payload: '{"n":1}' },
    webhook: fresh,
  });
}
