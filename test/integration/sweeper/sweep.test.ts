import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dueMarkerKey } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { sweep } from '../../../lambdas/sweeper/sweep.ts';
import type { SweepContext } from '../../../lambdas/sweeper/sweep-context.ts';
import { addDelivery, readDelivery } from '../adapters/delivery-row.ts';
import { addWebhook, newAccount, type Pipeline, startPipeline, type TestWebhook } from '../adapters/pipeline.ts';

const MINUTE = 60_000;
let pipeline: Pipeline;
let context: SweepContext;
let webhook: TestWebhook;
let statements: number;

beforeAll(async () => {
  pipeline = await startPipeline();
});
afterAll(() => pipeline.stop());

beforeEach(async () => {
  pipeline.failEntries(() => false);
  pipeline.lines.length = 0;
  for (const queue of ['retries', 'dead-letters'] as const) await sent(queue);
  await pipeline.testDatabase.query('DELETE FROM hook.deliveries');
  pipeline.controlBucket.keys.clear();
  // Due since a while ago, so that it is due and may be deleted.
  pipeline.controlBucket.keys.add(dueMarkerKey(Date.now() - 5 * MINUTE));
  webhook = await addWebhook(pipeline, { accountId: newAccount() });
  statements = 0;
  context = {
    database: {
      query: (...call) => {
        statements += 1;
        return pipeline.database.query(...call);
      },
    },
    queues: pipeline.queues,
    controlBucket: pipeline.controlBucket,
    log: pipeline.log,
    metrics: pipeline.metrics,
    settings: { openTtlSeconds: 14_400, holdRetentionDays: 14 },
    retriesQueueUrl: pipeline.queueUrl('retries'),
    deadLettersQueueUrl: pipeline.queueUrl('dead-letters'),
    now: Date.now,
    newToken: randomUUID,
    limit: 1_000,
  };
});

/** Empties a queue. */
async function sent(queue: 'retries' | 'dead-letters') {
  const found = [];
  for (let batch = await pipeline.receive(queue); batch.length > 0; batch = await pipeline.receive(queue)) {
    await pipeline.consume(queue, async () => ({ batchItemFailures: [] }), batch);
    found.push(...batch.map(({ body }) => JSON.parse(body)));
  }
  return found;
}
const ids = async (queue: 'retries' | 'dead-letters' = 'retries') =>
  (await sent(queue)).map(({ deliveryId }) => deliveryId).sort();
const ago = (ms: number) => new Date(Date.now() - ms);
const add = (columns: object, acceptedAtMs?: number) => addDelivery(pipeline, webhook, { ...columns }, acceptedAtMs);
const row = (id: string) => readDelivery(pipeline, id);

describe('the sweeper', () => {
  it('leaves the database asleep without a due marker', async () => {
    pipeline.controlBucket.keys.clear();
    pipeline.controlBucket.keys.add(dueMarkerKey(Date.now() + 5 * MINUTE));
    await add({ carrier: 'parked' });
    await sweep(context);
    expect(statements).toBe(0);
  });

  it('enqueues parked rows that are due and rows that their queue lost, under its lease, and nothing else', async () => {
    const parked = await add({ carrier: 'parked', status: 'FAILED_RETRY', next_retry_at: ago(5_000) });
    const lost = await add({ carrier: 'deliveries', next_retry_at: ago(16 * MINUTE) });
    await add({ carrier: 'retries', next_retry_at: ago(14 * MINUTE) });
    await add({ carrier: 'parked', next_retry_at: new Date(Date.now() + MINUTE) });
    await add({ carrier: 'parked', next_retry_at: ago(MINUTE), claimed_until: new Date(Date.now() + MINUTE) });
    await add({ carrier: 'parked', status: 'HELD', next_retry_at: ago(MINUTE), generation: 3 }).then((id) =>
      pipeline.testDatabase.query("UPDATE hook.webhook_configs SET mode = 'hold' WHERE webhook_id = $1 AND $2 <> ''", [
        webhook.webhookId,
        id,
      ]),
    );
    await sweep(context);
    const messages = await sent('retries');
    expect(messages.map(({ deliveryId }) => deliveryId).sort()).toEqual([parked, lost].sort());
    for (const id of [parked, lost]) {
      const swept = await row(id);
      expect(swept).toMatchObject({ carrier: 'retries', claimed_by: 'sweeper' });
      expect((swept.claimed_until?.getTime() ?? 0) - Date.now()).toBeGreaterThan(9 * MINUTE);
      expect(messages.find(({ deliveryId }) => deliveryId === id)).toMatchObject({
        kind: 'deliver',
        generation: 0,
        claim: { token: swept.claim_token },
      });
    }
    expect(pipeline.lines.join()).toContain('hook_retry_poller_lag_seconds');
  });

  it('two at once enqueue nothing twice', async () => {
    const all = await Promise.all(
      Array.from({ length: 40 }, () => add({ carrier: 'parked', next_retry_at: ago(MINUTE) })),
    );
    await Promise.all(Array.from({ length: 8 }, () => sweep(context)));
    expect(await ids()).toEqual(all.sort());
  });

  it('parks again what the queue does not take, and leaves a marker', async () => {
    const id = await add({ carrier: 'parked', next_retry_at: ago(MINUTE) });
    pipeline.failEntries(() => true);
    const before = Date.now();
    await sweep(context);
    expect(await row(id)).toMatchObject({ carrier: 'parked', claim_token: null });
    expect([...pipeline.controlBucket.keys].some((key) => key <= dueMarkerKey(before + 2 * MINUTE))).toBe(true);
    pipeline.failEntries(() => false);
    await sweep({ ...context, now: () => Date.now() + MINUTE });
    expect(await ids()).toEqual([id]);
  });

  it('keeps to its limit, and comes back for the rest', async () => {
    for (let n = 0; n < 5; n++) await add({ carrier: 'parked', next_retry_at: ago(MINUTE + n) });
    context = { ...context, limit: 3 };
    await sweep(context);
    expect(await ids()).toHaveLength(3);
    expect(pipeline.controlBucket.keys).toContain(dueMarkerKey(Date.now() + MINUTE));
    await sweep({ ...context, now: () => Date.now() + MINUTE });
    expect(await ids()).toHaveLength(2);
  });

  it('deletes a marker only when it began a whole minute after it', async () => {
    const young = dueMarkerKey(Date.now());
    pipeline.controlBucket.keys.add(young);
    const old = dueMarkerKey(Date.now() - 5 * MINUTE);
    await sweep(context);
    expect(pipeline.controlBucket.keys).toContain(young);
    expect(pipeline.controlBucket.keys).not.toContain(old);
    await sweep({ ...context, now: () => Date.now() + 3 * MINUTE });
    expect(pipeline.controlBucket.keys).not.toContain(young);
  });

  it('keeps the markers when the database is away', async () => {
    pipeline.faults.set('database', { mode: 'down' });
    await expect(sweep(context)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    pipeline.faults.set('database', { mode: 'up' });
    expect(pipeline.controlBucket.keys).toContain(dueMarkerKey(Date.now() - 5 * MINUTE));
  });
});

describe('held deliveries', () => {
  it('are released when their webhook takes deliveries again, oldest first, as a new generation', async () => {
    const old = await add(
      { status: 'HELD', carrier: 'parked', attempts: 2, generation: 1, next_retry_at: null },
      Date.now() - 9_000,
    );
    const young = await add({ status: 'HELD', carrier: 'parked', next_retry_at: null });
    context = { ...context, limit: 1 };
    await sweep(context);
    expect(await ids()).toEqual([old]);
    expect(await row(old)).toMatchObject({ status: 'PENDING', generation: 2, attempts: 2, carrier: 'retries' });
    expect(await row(young)).toMatchObject({ status: 'HELD' });
  });

  it.each(["mode = 'hold'", "is_active = false, disabled_reason = 'gone'"])('stay while %s', async (change) => {
    await pipeline.testDatabase.query(`UPDATE hook.webhook_configs SET ${change} WHERE webhook_id = $1`, [
      webhook.webhookId,
    ]);
    const id = await add({ status: 'HELD', carrier: 'parked', next_retry_at: null });
    await sweep(context);
    expect(await row(id)).toMatchObject({ status: 'HELD' });
  });

  it('expire after their retention', async () => {
    await pipeline.testDatabase.query("UPDATE hook.webhook_configs SET mode = 'hold' WHERE webhook_id = $1", [
      webhook.webhookId,
    ]);
    const days = (count: number) => Date.now() - count * 24 * 60 * MINUTE;
    await pipeline.testDatabase.query('SELECT hook.ensure_partitions(current_date - 16, current_date)');
    const held = { status: 'HELD', carrier: 'parked', next_retry_at: null };
    const [past, within] = [await add(held, days(15)), await add(held, days(13))];
    await sweep(context);
    expect(await row(past)).toMatchObject({ status: 'FAILED', failure_reason: 'expired' });
    expect(await row(within)).toMatchObject({ status: 'HELD' });
  });
});

describe('time to live', () => {
  it.each(['PENDING', 'FAILED_RETRY'])(
    '%s: one more call, and only then it expires, with the reason on record',
    async (status) => {
      const id = await add({ status, expires_at: ago(1_000), next_retry_at: ago(2_000) });
      await sweep(context);
      expect(await ids()).toEqual([id]);
      expect(await row(id)).toMatchObject({ status, claimed_by: 'sweeper' });
      await sweep({ ...context, now: () => Date.now() + 5 * MINUTE });
      expect(await row(id)).toMatchObject({ status });
      await sweep({ ...context, now: () => Date.now() + 11 * MINUTE });
      expect(await row(id)).toMatchObject({
        status: 'FAILED',
        failure_reason: 'expired',
        expires_at: null,
        claim_token: null,
      });
    },
  );

  it('nothing expires while its last call still waits in the queue, or while nobody can tell', async () => {
    const id = await add({ expires_at: ago(1_000), last_call_at: ago(11 * MINUTE) });
    const depth = async () => ({ visible: 1, inFlight: 0 });
    await sweep({ ...context, queues: { ...pipeline.queues, depth } });
    const later = (minutes: number) => ({ ...context, now: () => Date.now() + minutes * MINUTE });
    await sweep({ ...later(2), queues: { ...pipeline.queues, depth: () => Promise.reject(new Error('away')) } });
    expect(await row(id)).toMatchObject({ status: 'PENDING' });
    await sweep(later(4));
    expect(await row(id)).toMatchObject({ status: 'FAILED' });
  });

  it('a callback that does not come ends an async delivery, and only one past its deadline', async () => {
    const late = await add({ status: 'IN_PROGRESS', next_retry_at: null, expires_at: ago(1_000) });
    const early = await add({ status: 'IN_PROGRESS', next_retry_at: null, expires_at: new Date(Date.now() + MINUTE) });
    await sweep(context);
    expect(await row(late)).toMatchObject({ status: 'FAILED', failure_reason: 'callback_timeout' });
    expect(await row(early)).toMatchObject({ status: 'IN_PROGRESS' });
  });
});

describe('dead letters', () => {
  it('that nobody announced for 15 minutes go to their queue again, once', async () => {
    const forgotten = await add({ status: 'DEAD_LETTER', last_activity_at: ago(16 * MINUTE), generation: 1 });
    await add({ status: 'DEAD_LETTER', last_activity_at: ago(5 * MINUTE) });
    await add({ status: 'DEAD_LETTER', last_activity_at: ago(16 * MINUTE), dead_letter_notified_at: new Date() });
    await sweep(context);
    await sweep(context);
    expect(await sent('dead-letters')).toMatchObject([{ kind: 'exhausted', deliveryId: forgotten, generation: 1 }]);
  });
});
