import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LOST_AFTER_MS } from '../../../lambdas/adapters/delivery-rows/lost-after.ts';
import { deliverMessageSchema } from '../../../lambdas/domain/messages/delivery-message.ts';
import { claimDue } from '../../../lambdas/sweeper/claim-due.ts';
import { newAccount, OPEN_TTL_SECONDS, startTestApi, type TestApi } from '../../support/api.ts';
import { addDelivery, type DeliveryProps, deliveryState } from '../../support/api-deliveries.ts';

const MINUTE_MS = 60_000;

describe('POST /v1/deliveries/{id}/retry', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterEach(() => {
    for (const service of ['sqs', 's3'] as const) api.faults.set(service, { mode: 'up' });
  });
  afterAll(() => api.stop());

  const add = async (props: Partial<DeliveryProps>) => {
    const accountId = newAccount();
    const created = await api.call('POST /v1/webhooks', {
      account: accountId,
      body: { url: 'https://receiver.example/' },
    });
    const { webhookId } = created.body;
    const { deliveryId } = await addDelivery(api.database, { accountId, webhookId, ...props });
    return { accountId, webhookId, deliveryId };
  };
  const retry = ({ accountId, deliveryId }: { accountId: string; deliveryId: string }, body?: unknown) =>
    api.call(`POST /v1/deliveries/${deliveryId}/retry`, { account: accountId, body });
  const queued = async (deliveryId: string) =>
    (await api.receiveRetries())
      .map((message) => ({ message, delivery: deliverMessageSchema.parse(JSON.parse(message.Body ?? '')) }))
      .filter(({ delivery }) => delivery.deliveryId === deliveryId);

  /** Ids of what a sweep at that time finds due or lost. */
  const sweptAt = async (nowMs: number) => {
    const lease = { token: randomUUID(), claimedUntilMs: nowMs, limit: 1_000 };
    const rows = await api.statements.query(claimDue, { ...lease, nowMs, lostBeforeMs: nowMs - LOST_AFTER_MS });
    return rows.map(({ deliveryId }) => deliveryId);
  };

  it.each(['DELIVERED', 'FAILED', 'DEAD_LETTER'])('starts a %s one again, as a new generation', async (status) => {
    const delivery = await add({
      status,
      columns: {
        generation: 4,
        attempts: 6,
        status_percent: 100,
        status_message: 'done',
        last_error: 'timeout',
        failure_reason: 'exhausted',
        delivered_at: new Date(),
        dead_letter_notified_at: new Date(),
        last_call_at: new Date(),
        claim_token: randomUUID(),
        claimed_until: new Date(Date.now() + MINUTE_MS),
      },
    });
    const startMs = Date.now();
    const answer = await retry(delivery);
    expect([answer.status, answer.body]).toEqual([202, { deliveryId: delivery.deliveryId, status: 'pending' }]);
    const state = await deliveryState(api.database, delivery.deliveryId);
    expect(state).toMatchObject({
      status: 'PENDING',
      generation: 5,
      attempts: 0,
      carrier: 'retries',
      status_percent: null,
      status_message: null,
      last_error: null,
      failure_reason: null,
      delivered_at: null,
      dead_letter_notified_at: null,
      last_call_at: null,
      claim_token: null,
      claimed_until: null,
    });
    expect(state.next_retry_at?.getTime()).toBeGreaterThanOrEqual(startMs - 1000);
    const expiresInMs = (state.expires_at?.getTime() ?? 0) - startMs;
    expect(Math.abs(expiresInMs - OPEN_TTL_SECONDS * 1000)).toBeLessThan(10_000);

    const [sent, ...others] = await queued(delivery.deliveryId);
    expect(others).toEqual([]);
    expect(sent?.delivery).toEqual({
      v: 1,
      kind: 'deliver',
      deliveryId: delivery.deliveryId,
      generation: 5,
      hops: 0,
    });
    expect(sent?.message.Attributes?.MessageGroupId).toBe(delivery.webhookId);
  });

  it.each(['PENDING', 'IN_PROGRESS', 'FAILED_RETRY', 'HELD', 'CANCELLED'])('refuses a %s one', async (status) => {
    const delivery = await add({ status });
    const { status: answered, body } = await retry(delivery);
    expect([answered, body]).toEqual([
      409,
      { error: 'CONFLICT', message: expect.stringContaining(status.toLowerCase()) },
    ]);
    expect(await deliveryState(api.database, delivery.deliveryId)).toMatchObject({ status, generation: 0 });
    expect(await queued(delivery.deliveryId)).toEqual([]);
  });

  it.each(['DELIVERED', 'FAILED', 'CANCELLED'])('refuses a %s one whose webhook was deleted', async (status) => {
    const delivery = await add({ status });
    await api.call(`DELETE /v1/webhooks/${delivery.webhookId}`, { account: delivery.accountId });
    expect(await retry(delivery)).toMatchObject({ status: 409, body: { message: expect.stringContaining('deleted') } });
    expect((await deliveryState(api.database, delivery.deliveryId)).status).toBe(status);
  });

  it('starts once when asked ten times at once', async () => {
    const delivery = await add({ status: 'FAILED' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => retry(delivery)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array.from({ length: 9 }, () => 409)]);
    expect(await deliveryState(api.database, delivery.deliveryId)).toMatchObject({ generation: 1 });
    expect(await queued(delivery.deliveryId)).toHaveLength(1);
  });

  it('takes an id in either case, and sends the canonical one', async () => {
    const delivery = await add({ status: 'FAILED' });
    const answer = await retry({ ...delivery, deliveryId: delivery.deliveryId.toUpperCase() });
    expect(answer).toMatchObject({ status: 202, body: { deliveryId: delivery.deliveryId } });
    expect(await queued(delivery.deliveryId)).toHaveLength(1);
  });

  it.each<[unknown, number, string | undefined]>([
    [undefined, 202, undefined],
    [{}, 202, undefined],
    [{ force: true }, 400, 'force'],
    ['[]', 400, undefined],
    ['{', 400, undefined],
  ])('with the body %j answers %d', async (body, status, field) => {
    const answer = await retry(await add({ status: 'FAILED' }), body);
    expect([answer.status, answer.body.field]).toEqual([status, field]);
  });

  it('answers 202 when the queue is down: the row is found by the rule for lost ones', async () => {
    const delivery = await add({ status: 'DEAD_LETTER' });
    api.faults.set('sqs', { mode: 'down' });
    expect((await retry(delivery)).status).toBe(202);
    expect(api.lines.findLast((line) => line.includes('retry_not_enqueued'))).toContain(delivery.deliveryId);
    api.faults.set('sqs', { mode: 'up' });
    expect(await queued(delivery.deliveryId)).toEqual([]);

    expect(await sweptAt(Date.now() + 14 * MINUTE_MS)).not.toContain(delivery.deliveryId);
    expect(await sweptAt(Date.now() + 16 * MINUTE_MS)).toContain(delivery.deliveryId);
    const lostBy = `due/${new Date(Date.now() + 17 * MINUTE_MS).toISOString().slice(0, 16)}Z`;
    const lostFrom = `due/${new Date(Date.now() + 15 * MINUTE_MS).toISOString().slice(0, 16)}Z`;
    expect(api.markers().some((key) => key > lostFrom && key <= lostBy)).toBe(true);
  });

  it('writes the marker of its expiry', async () => {
    await retry(await add({ status: 'FAILED' }));
    const expiry = Date.now() + OPEN_TTL_SECONDS * 1000;
    const [from, by] = [expiry, expiry + 2 * MINUTE_MS].map((ms) => `due/${new Date(ms).toISOString().slice(0, 16)}Z`);
    expect(api.markers().some((key) => key >= String(from) && key <= String(by))).toBe(true);
  });

  it('starts nothing when the markers cannot be written', async () => {
    const fresh = await startTestApi();
    try {
      const accountId = newAccount();
      const created = await fresh.call('POST /v1/webhooks', {
        account: accountId,
        body: { url: 'https://receiver.example/' },
      });
      const { webhookId } = created.body;
      const { deliveryId } = await addDelivery(fresh.database, { accountId, webhookId, status: 'FAILED' });
      fresh.faults.set('s3', { mode: 'down' });
      const answer = await fresh.call(`POST /v1/deliveries/${deliveryId}/retry`, { account: accountId });
      expect(answer).toMatchObject({ status: 503, body: { error: 'UNAVAILABLE' }, headers: { 'retry-after': '5' } });
      expect((await deliveryState(fresh.database, deliveryId)).status).toBe('FAILED');
    } finally {
      await fresh.stop();
    }
  });
});
