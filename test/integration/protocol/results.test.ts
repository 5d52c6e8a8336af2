import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Database } from '../../../lambdas/adapters/database/database.ts';
import { DatabaseFault } from '../../../lambdas/adapters/database/database-fault.ts';
import { deliveryId } from '../../../lambdas/domain/ids/delivery-id.ts';
import { newEventUuid } from '../../../lambdas/domain/ids/event-uuid.ts';
import { eventually } from '../../support/eventually.ts';
import { addDelivery, readDelivery } from '../adapters/delivery-row.ts';
import { addWebhook, newAccount, type TestWebhook } from '../adapters/pipeline.ts';
import { byId, type DeliverBench, recordOf, resultOf, startDeliverBench } from './deliver-bench.ts';

let bench: DeliverBench;
let webhook: TestWebhook;

beforeAll(async () => {
  bench = await startDeliverBench();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  bench.receiver.requests.length = 0;
  bench.sentToRetries.length = 0;
  bench.pipeline.lines.length = 0;
  bench.receiver.answer = (response) => void response.writeHead(500).end();
  webhook = await addWebhook(bench.pipeline, { accountId: newAccount(), url: bench.receiver.url });
});

const row = (id: string) => readDelivery(bench.pipeline, id);

describe('a result', () => {
  it('that is written again while its first write still runs carries the delivery on', async () => {
    const id = await addDelivery(bench.pipeline, webhook);
    const first = new Client({ connectionString: bench.pipeline.testDatabase.databaseUrl });
    await first.connect();
    // As the first call left it: run, and not committed yet.
    await first.query('BEGIN');
    await first.query('INSERT INTO hook.delivery_attempts VALUES ($1, 0, 1, now(), 5, 500)', [id]);
    await first.query(
      `UPDATE hook.deliveries SET status = 'FAILED_RETRY', attempts = 1, next_retry_at = now() WHERE delivery_id = $1`,
      [id],
    );
    const again = bench.handler()({ Records: [recordOf(resultOf(webhook, id, {}))] });
    await eventually(async () => {
      const { rowCount } = await first.query('SELECT FROM pg_locks WHERE NOT granted');
      return rowCount !== 0;
    });
    await first.query('COMMIT');
    await first.end();
    expect(await again).toEqual({ batchItemFailures: [] });
    expect(await row(id)).toMatchObject({ status: 'FAILED_RETRY', attempts: 1 });
    expect(bench.sentToRetries.map((body) => JSON.parse(body))).toMatchObject([{ kind: 'deliver', deliveryId: id }]);
  });

  it('that can never be written keeps none of its neighbours', async () => {
    // Of a day that has no partition any more.
    const lostId = deliveryId(newEventUuid(Date.now() - 90 * 86_400_000, randomBytes(16)), webhook.webhookId);
    const ids = [await addDelivery(bench.pipeline, webhook), await addDelivery(bench.pipeline, webhook)];
    const [before, after] = ids.map((id) => recordOf(resultOf(webhook, id, {})));
    const lost = recordOf(resultOf(webhook, lostId, {}));
    const { batchItemFailures } = await bench.handler()({ Records: [before, lost, after].flatMap((one) => one ?? []) });
    expect(batchItemFailures).toEqual([]);
    for (const id of ids) expect(await row(id)).toMatchObject({ status: 'FAILED_RETRY', attempts: 1 });
    expect(bench.sentToRetries.map((body) => JSON.parse(body).deliveryId).sort()).toEqual([...ids].sort());
    expect(bench.pipeline.lines.join()).toContain('result_refused');
  });
});

describe('results that the Data API refuses one and all', () => {
  it('are kept: it is not they who are to blame', async () => {
    const refuse: Database = { query: () => Promise.reject(new DatabaseFault('REFUSED', {})) };
    const id = await addDelivery(bench.pipeline, webhook);
    const handler = bench.handler({ database: refuse });
    expect((await handler({ Records: [recordOf(resultOf(webhook, id, {}))] })).batchItemFailures).toHaveLength(1);
  });
});

describe('a claim', () => {
  it('of the widest payload and configuration that fit a row blocks nobody', async () => {
    const wide = await addDelivery(bench.pipeline, webhook);
    const other = await addWebhook(bench.pipeline, { accountId: newAccount(), url: bench.receiver.url });
    const neighbour = await addDelivery(bench.pipeline, other);
    const payload = JSON.stringify({ text: '😀'.repeat(14_980) });
    await bench.pipeline.testDatabase.query(
      `UPDATE hook.events SET payload_snapshot = $2, event_key = left($3, 128), object_type = $3, object_id = $3
         FROM hook.deliveries d WHERE d.delivery_id = $1 AND events.event_uuid = d.event_uuid`,
      [wide, payload, '漢'.repeat(255)],
    );
    await bench.pipeline.testDatabase.query('UPDATE hook.webhook_configs SET url = $2 WHERE webhook_id = $1', [
      webhook.webhookId,
      `${bench.receiver.url}/${'漢'.repeat(1_500)}`,
    ]);
    bench.receiver.answer = (response) => void response.writeHead(204).end();
    const { batchItemFailures } = await bench.handler()({ Records: [recordOf(byId(wide)), recordOf(byId(neighbour))] });
    expect(batchItemFailures).toEqual([]);
    for (const id of [wide, neighbour]) expect(await row(id)).toMatchObject({ status: 'DELIVERED' });
    expect(bench.receiver.requests.some(({ body }) => body.includes(payload))).toBe(true);
  });

  it('that the Data API refuses is made without the record that is to blame', async () => {
    const ids = [0, 1, 2].map(() => addDelivery(bench.pipeline, webhook));
    const [first = '', blamed = '', last = ''] = await Promise.all(ids);
    // No row may have 64 KB: what cannot be read must not stop what can.
    await bench.pipeline.testDatabase.query(`UPDATE hook.deliveries SET webhook_id = $2 WHERE delivery_id = $1`, [
      blamed,
      (await addWideWebhook()).webhookId,
    ]);
    bench.receiver.answer = (response) => void response.writeHead(204).end();
    const { batchItemFailures } = await bench.handler()({
      Records: [first, blamed, last].map((id) => recordOf(byId(id))),
    });
    expect(batchItemFailures).toHaveLength(1);
    for (const id of [first, last]) expect(await row(id)).toMatchObject({ status: 'DELIVERED' });
  });
});

/** Wider than any that the API takes. */
async function addWideWebhook(): Promise<TestWebhook> {
  const wide = await addWebhook(bench.pipeline, { accountId: webhook.accountId, url: bench.receiver.url });
  await bench.pipeline.testDatabase.query('UPDATE hook.webhook_configs SET secret_enc = $2 WHERE webhook_id = $1', [
    wide.webhookId,
    randomUUID().repeat(2_000),
  ]);
  return wide;
}
