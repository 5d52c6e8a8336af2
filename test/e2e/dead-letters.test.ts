/** What becomes of a delivery whose schedule is used up, and how it comes back by hand. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { answer } from '../support/receivers/behaviours.ts';
import { type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { Account, type Delivery, type DeliveryDetail, type Page, type Webhook } from './account.ts';

const ATTEMPTS = 3;

let engine: EngineProcess;
let account: Account;
let failing: Receiver;
let watcher: Receiver;
let everything: Receiver;
let webhook: Webhook;
let dead: DeliveryDetail;

beforeAll(async () => {
  engine = await startEngineProcess({ context: { retryScheduleSeconds: '0.2,0.2', sweepSeconds: '1' } });
  account = await Account.login(engine);
  failing = await startReceiver(answer(500, {}, 'out of order'));
  watcher = await startReceiver(answer(200));
  everything = await startReceiver(answer(200));
  webhook = await account.webhook({ url: failing.url, events: ['order.paid'] });
  await account.webhook({ url: watcher.url, events: ['delivery.dead_lettered'] });
  await account.webhook({ url: everything.url, events: ['*'] });
  await account.publish({ type: 'order.paid', occurredAt: '2026-01-02T03:04:05Z', data: { total: 1 } });
  const all = await account.until((deliveries) => deliveries.some(({ status }) => status === 'dead_letter'));
  dead = await account.delivery(all.find(({ status }) => status === 'dead_letter')?.deliveryId ?? '');
});

afterAll(async () => {
  await Promise.all([failing, watcher, everything].map((receiver) => receiver.close()));
  await engine.stop();
});

describe('an exhausted delivery', () => {
  it('has used one attempt more than the schedule has entries', () => {
    expect(dead).toMatchObject({
      status: 'dead_letter',
      failureReason: 'exhausted',
      attemptCount: ATTEMPTS,
      nextRetryAt: null,
      lastError: expect.stringMatching(/^http_500: /),
    });
    expect(dead.attempts).toHaveLength(ATTEMPTS);
    expect(failing.requests).toHaveLength(ATTEMPTS);
  });

  it('is listed for admins, across accounts, and for nobody else', async () => {
    const admin = await Account.login(engine, 'operators', 'webhooks:admin');
    const list = await admin.expect<Page<Delivery>>(200, 'GET', '/admin/dead-letters');
    expect(list.data).toEqual([expect.objectContaining({ deliveryId: dead.deliveryId, accountId: account.accountId })]);
    const others = await admin.expect<Page<Delivery>>(200, 'GET', '/admin/dead-letters?accountId=another');
    expect(others.data).toEqual([]);
    const tenant = await Account.login(engine, account.accountId, 'events:write');
    expect(await tenant.request('GET', '/admin/dead-letters')).toMatchObject({
      status: 403,
      json: { error: 'FORBIDDEN' },
    });
  });

  it('raises one delivery.dead_lettered, for those who asked for it by name', async () => {
    await eventually(() => watcher.requests.length > 0);
    const [notice] = watcher.requests;
    expect(JSON.parse(String(notice?.body))).toMatchObject({
      event_type: 'delivery.dead_lettered',
      data: { deliveryId: dead.deliveryId, webhookId: webhook.webhookId },
    });
    expect(everything.requests.map(({ headers }) => headers['x-webhook-event'])).toEqual(['order.paid']);
    expect(watcher.requests).toHaveLength(1);
  });
});

describe('a retry by hand', () => {
  it('sends it once more under the same webhook-id, from its first attempt', async () => {
    failing.behave(answer(200));
    const answered = await account.request('POST', `/v1/deliveries/${dead.deliveryId}/retry`);
    expect(answered.status).toBe(202);
    expect(answered.json).toMatchObject({ deliveryId: dead.deliveryId });
    await account.until((all) => all.every(({ status }) => status === 'delivered'));
    const delivery = await account.delivery(dead.deliveryId);
    expect(delivery).toMatchObject({ attemptCount: 1, failureReason: null });
    expect(delivery.attempts.map(({ httpStatus }) => httpStatus)).toEqual([500, 500, 500, 200]);
    expect(failing.requests.at(-1)).toMatchObject({ deliveryId: dead.deliveryId });
    expect(failing.requests.at(-1)?.body).toEqual(failing.requests[0]?.body);
    const admin = await Account.login(engine, 'operators', 'webhooks:admin');
    expect(await admin.expect(200, 'GET', '/admin/dead-letters')).toMatchObject({ data: [] });
  });

  it('sends a delivered one again, and answers 409 for an open one', async () => {
    const before = failing.requests.length;
    await account.expect(202, 'POST', `/v1/deliveries/${dead.deliveryId}/retry`, {});
    await eventually(() => failing.requests.length === before + 1);
    failing.behave(answer(500));
    await account.until((all) => all.every(({ status }) => status === 'delivered'));
    const slow = await Account.login(engine);
    const silent = await startReceiver({});
    await slow.webhook({ url: silent.url });
    await slow.publish({ type: 'order.paid', data: {} });
    await eventually(() => silent.requests.length === 1);
    const [open] = await slow.deliveries();
    const refusal = await slow.request('POST', `/v1/deliveries/${open?.deliveryId}/retry`);
    expect(refusal).toMatchObject({ status: 409, json: { error: 'CONFLICT' } });
    await silent.close();
  });
});

describe('an operational event whose own delivery fails for good', () => {
  it('raises no further one', async () => {
    const other = await Account.login(engine);
    const down = await startReceiver(answer(500));
    await other.webhook({ url: down.url, events: ['order.paid', 'delivery.dead_lettered'] });
    await other.publish({ type: 'order.paid', data: {} });
    const both = await other.allEnded(2);
    expect(both.map(({ eventType, status }) => [eventType, status]).sort()).toEqual([
      ['delivery.dead_lettered', 'dead_letter'],
      ['order.paid', 'dead_letter'],
    ]);
    // A third would be fanned out as fast as the second was: an event sent after it is its witness.
    await other.publish({ eventId: 'witness', type: 'order.paid', data: {} });
    const all = await other.allEnded(4);
    expect(all.filter(({ eventType }) => eventType === 'delivery.dead_lettered')).toHaveLength(2);
    await down.close();
  });
});
