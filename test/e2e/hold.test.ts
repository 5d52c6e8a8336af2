/** Holding instead of dropping: by mode, by activity, and what deleting a webhook ends. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { answer } from '../support/receivers/behaviours.ts';
import { type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { Account, type Delivery, type Webhook } from './account.ts';

let engine: EngineProcess;
const receivers: Receiver[] = [];

beforeAll(async () => {
  engine = await startEngineProcess({
    context: { retryScheduleSeconds: '3600', sweepSeconds: '1', configCacheSeconds: '0' },
  });
});

afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await engine.stop();
});

async function subscribe(
  settings: Readonly<Record<string, unknown>> = {},
  status = 200,
): Promise<{ account: Account; receiver: Receiver; webhook: Webhook }> {
  const account = await Account.login(engine);
  const receiver = await startReceiver(answer(status));
  receivers.push(receiver);
  return { account, receiver, webhook: await account.webhook({ url: receiver.url, ...settings }) };
}

const are =
  (count: number, wanted: string) =>
  (all: readonly Delivery[]): boolean =>
    all.length === count && all.every(({ status }) => status === wanted);

describe('mode hold', () => {
  const EVENTS = 120;

  it('keeps everything, sends nothing, and lets it go oldest first within a sweep', async () => {
    const { account, receiver, webhook } = await subscribe({ mode: 'hold' });
    const published: string[] = [];
    for (let n = 0; n < EVENTS; n++) published.push(await account.publish({ type: 'order.paid', data: { n } }));
    await account.until(are(EVENTS, 'held'));
    const held = await account.deliveries('status=held');
    expect(held.map(({ attemptCount }) => attemptCount)).toEqual(Array(EVENTS).fill(0));
    expect(receiver.requests).toEqual([]);

    const releasedMs = Date.now();
    await account.change(webhook.webhookId, { mode: 'deliver' });
    await account.until(are(EVENTS, 'delivered'));
    const arrived = receiver.requests.map(({ body }) => String(JSON.parse(String(body)).id));
    expect([...arrived].sort()).toEqual([...published].sort());
    expect(receiver.requests).toHaveLength(EVENTS);
    // A standard queue keeps no order, and ten batches are sent at once; a third after the other shows all the same.
    const third = EVENTS / 3;
    const meanPlace = (ids: readonly string[]): number =>
      ids.reduce((sum, id) => sum + arrived.indexOf(id), 0) / ids.length;
    expect(meanPlace(published.slice(0, third))).toBeLessThan(meanPlace(published.slice(-third)));
    // One sweep's period, the minute of its marker being over already, and the sending itself.
    expect((receiver.requests.at(-1)?.atMs ?? 0) - releasedMs).toBeLessThan(10_000);
  });

  it('holds what waits for its retry, too', async () => {
    const { account, receiver, webhook } = await subscribe({}, 500);
    await account.publish({ type: 'order.paid', data: {} });
    await account.until(are(1, 'failed_retry'));
    await account.change(webhook.webhookId, { mode: 'hold' });
    await account.until(are(1, 'held'));
    expect(receiver.requests).toHaveLength(1);
    receiver.behave(answer(200));
    await account.change(webhook.webhookId, { mode: 'deliver' });
    const delivery = await account.onlyEnded();
    expect(delivery.status).toBe('delivered');
    expect(receiver.requests.map(({ deliveryId }) => deliveryId)).toEqual([delivery.deliveryId, delivery.deliveryId]);
  });
});

describe('a webhook that its owner sets inactive', () => {
  it('has its open deliveries held, gets no new ones, and goes on when active again', async () => {
    const { account, receiver, webhook } = await subscribe({}, 500);
    await account.publish({ eventId: 'before', type: 'order.paid', data: {} });
    await account.until(are(1, 'failed_retry'));
    await account.change(webhook.webhookId, { isActive: false });
    await account.until(are(1, 'held'));

    const witness = await startReceiver(answer(200));
    receivers.push(witness);
    await account.webhook({ url: witness.url, events: ['order.meanwhile'] });
    await account.publish({ eventId: 'meanwhile', type: 'order.meanwhile', data: {} });
    await eventually(() => witness.requests.length === 1);
    receiver.behave(answer(200));
    await account.change(webhook.webhookId, { isActive: true });
    const all = await account.until((deliveries) => are(2, 'delivered')(deliveries));
    const own = all.filter(({ webhookId }) => webhookId === webhook.webhookId);
    expect(own.map(({ eventId }) => eventId)).toEqual(['before']);
    expect(receiver.requests).toHaveLength(2);
  });
});

describe('a webhook that is deleted', () => {
  it('cancels what is open, and leaves all of it readable', async () => {
    const { account, receiver, webhook } = await subscribe({}, 500);
    await account.publish({ type: 'order.paid', data: { n: 1 } });
    await account.until(are(1, 'failed_retry'));
    await account.expect(204, 'DELETE', `/v1/webhooks/${webhook.webhookId}`);
    const delivery = await account.onlyEnded();
    expect(delivery).toMatchObject({ status: 'cancelled', attemptCount: 1, payload: { n: 1 } });
    expect(delivery.attempts).toHaveLength(1);
    await account.expect(404, 'GET', `/v1/webhooks/${webhook.webhookId}`);
    const refusal = await account.request('POST', `/v1/deliveries/${delivery.deliveryId}/retry`);
    expect(refusal).toMatchObject({ status: 409, json: { error: 'CONFLICT' } });
    expect(receiver.requests).toHaveLength(1);
  });

  it('cancels what is held', async () => {
    const { account, receiver, webhook } = await subscribe({ mode: 'hold' });
    await account.publish({ type: 'order.paid', data: {} });
    await account.until(are(1, 'held'));
    await account.expect(204, 'DELETE', `/v1/webhooks/${webhook.webhookId}`);
    await account.until(are(1, 'cancelled'));
    expect(receiver.requests).toEqual([]);
  });
});
