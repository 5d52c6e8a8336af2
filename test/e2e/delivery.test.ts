/** The way of one event, from POST /v1/events to a receiver that verifies it, and what can be read of it afterwards. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { answer } from '../support/receivers/behaviours.ts';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { bodySignature, isSignedByKey, verifyByLibraries } from '../support/receivers/signature-check.ts';
import { Account, type Webhook } from './account.ts';

let engine: EngineProcess;
const receivers: Receiver[] = [];

beforeAll(async () => {
  engine = await startEngineProcess({ context: { retryScheduleSeconds: '1,1,2', sweepSeconds: '1' } });
});

afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await engine.stop();
});

interface Subscribed {
  readonly account: Account;
  readonly receiver: Receiver;
  readonly webhook: Webhook;
}

async function subscribe(settings: Readonly<Record<string, unknown>> = {}, to?: Account): Promise<Subscribed> {
  const account = to ?? (await Account.login(engine));
  const receiver = await startReceiver(answer(200, { 'x-seen-by': 'the receiver' }, 'thank you'));
  receivers.push(receiver);
  return { account, receiver, webhook: await account.webhook({ url: receiver.url, ...settings }) };
}

async function first({ requests }: Receiver): Promise<ReceivedRequest> {
  await eventually(() => requests.length > 0);
  const [request] = requests;
  if (request === undefined) throw new Error('unreachable: there is one');
  return request;
}

describe('one event', () => {
  // JSON.parse and stringify would write this differently.
  const DATA = '{ "big":12345678901234567890, "one":1.0,"e":1E2, "b":"\\u00e9\\/","a":[ ] , "é":"𝄞" }';

  it('is POSTed with v1 headers and body, byte for byte, and verified by the stock libraries', async () => {
    const { account, receiver, webhook } = await subscribe();
    const before = Math.floor(Date.now() / 1000);
    const eventId = await account.publish(
      `{"eventId":"order-1","objectType":"order","objectId":"1","occurredAt":"2026-01-02T03:04:05Z","data":${DATA},"type":"order.paid"}`,
    );
    expect(eventId).toBe('order-1');
    const request = await first(receiver);
    const delivery = await account.onlyEnded();

    expect(request.method).toBe('POST');
    expect(request.path).toBe('/hook/a%2Fb?key=1&key=%20');
    expect(request.body.toString('utf8')).toBe(
      `{"id":"order-1","event_type":"order.paid","timestamp":"2026-01-02T03:04:05Z","object_type":"order","object_id":"1","data":${DATA}}`,
    );
    expect(request.headers).toEqual({
      host: new URL(receiver.url).host,
      connection: 'keep-alive',
      'content-length': String(request.body.length),
      'content-type': 'application/json',
      'user-agent': 'Tidegate/1',
      'webhook-id': delivery.deliveryId,
      'webhook-timestamp': request.headers['x-webhook-timestamp'],
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      'x-webhook-event': 'order.paid',
      'x-webhook-delivery-id': delivery.deliveryId,
      'x-webhook-subscription-id': webhook.webhookId,
      'x-webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'x-webhook-signature': bodySignature(request.body, webhook.secret),
    });
    expect(request.rawHeaders).toContain('X-Webhook-Delivery-Id');
    expect(Number(request.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before);
    expect(Number(request.headers['webhook-timestamp'])).toBeLessThanOrEqual(Date.now() / 1000);
    expect(() => verifyByLibraries(request, webhook.secret)).not.toThrow();
    expect(() => verifyByLibraries({ ...request, body: Buffer.from(`${request.body} `) }, webhook.secret)).toThrow();
  });

  it('is on record, with its payload, its attempt and the answer', async () => {
    const { account, receiver, webhook } = await subscribe();
    const eventId = await account.publish(`{"type":"order.paid","data":${DATA}}`);
    const delivery = await account.onlyEnded();
    expect(delivery).toMatchObject({
      accountId: account.accountId,
      webhookId: webhook.webhookId,
      eventId,
      eventType: 'order.paid',
      status: 'delivered',
      attemptCount: 1,
      lastError: null,
      failureReason: null,
      nextRetryAt: null,
      attempts: [
        {
          attemptNumber: 1,
          httpStatus: 200,
          error: null,
          responseBody: 'thank you',
          responseBodyEncoding: 'utf8',
          responseHeaders: expect.arrayContaining([['x-seen-by', 'the receiver']]),
        },
      ],
    });
    const [attempt] = delivery.attempts;
    expect(attempt?.durationMs).toBeLessThan(2_000);
    expect(Date.parse(attempt?.startedAt ?? '')).toBeLessThanOrEqual((await first(receiver)).atMs);
    expect(Date.parse(delivery.deliveredAt ?? '')).toBeGreaterThan(Date.now() - 20_000);
    const { text } = await account.request('GET', `/v1/deliveries/${delivery.deliveryId}`);
    expect(text).toContain(`"payload":${DATA}`);
    expect(receiver.requests).toHaveLength(1);
  });

  it('is POSTed as v2 when the webhook asks for it, and without v1 headers', async () => {
    const { account, receiver, webhook } = await subscribe({ apiVersion: 'v2' });
    await account.publish(`{"type":"order.paid","occurredAt":"2026-01-02T03:04:05+01:00","data":${DATA}}`);
    const request = await first(receiver);
    expect(request.body.toString('utf8')).toBe(
      `{"type":"order.paid","timestamp":"2026-01-02T02:04:05.000Z","data":${DATA}}`,
    );
    expect(Object.keys(request.headers).filter((name) => name.startsWith('x-'))).toEqual([]);
    expect(() => verifyByLibraries(request, webhook.secret)).not.toThrow();
  });

  it('is signed with the own ed25519 key of a webhook that asks for it', async () => {
    const { account, receiver, webhook } = await subscribe({ apiVersion: 'v2', signingAlgorithm: 'ed25519' });
    const other = await subscribe({ apiVersion: 'v2', signingAlgorithm: 'ed25519' });
    await account.publish(`{"type":"order.paid","data":${DATA}}`);
    const request = await first(receiver);
    expect(request.headers['webhook-signature']).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    expect(webhook.publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    expect(isSignedByKey(request, webhook.publicKey ?? '')).toBe(true);
    expect(isSignedByKey(request, other.webhook.publicKey ?? '')).toBe(false);
    expect(isSignedByKey({ ...request, body: Buffer.from(`${request.body} `) }, webhook.publicKey ?? '')).toBe(false);
  });

  it('carries as many bytes as the API takes', async () => {
    const { account, receiver, webhook } = await subscribe();
    // Above 48 KB a payload is read from its row; four-byte characters are the worst case of its parts.
    const filler = '𝄞'.repeat(50_000);
    await account.publish({ type: 'order.paid', data: { filler } });
    const request = await first(receiver);
    expect(JSON.parse(request.body.toString('utf8'))).toMatchObject({ data: { filler } });
    expect(() => verifyByLibraries(request, webhook.secret)).not.toThrow();
    const delivery = await account.onlyEnded();
    expect(delivery).toMatchObject({ status: 'delivered', attemptCount: 1, payload: { filler } });
  });
});

describe('filters', () => {
  it('choose by exact type, by prefix, and all but reserved types by *', async () => {
    const account = await Account.login(engine);
    const all = await subscribe({}, account);
    const star = await subscribe({ events: ['*'] }, account);
    const exact = await subscribe({ events: ['order.paid'] }, account);
    const prefix = await subscribe({ events: ['order.*'] }, account);
    const types = ['order.paid', 'order.refund.done', 'order', 'orders.paid', 'user.created'];
    for (const type of types) await account.publish({ type, data: {} });
    await account.allEnded(2 * types.length + 1 + 2);
    const seenBy = ({ receiver }: Subscribed): unknown[] =>
      receiver.requests.map(({ headers }) => headers['x-webhook-event']).sort();
    expect(seenBy(all)).toEqual([...types].sort());
    expect(seenBy(star)).toEqual([...types].sort());
    expect(seenBy(exact)).toEqual(['order.paid']);
    expect(seenBy(prefix)).toEqual(['order.paid', 'order.refund.done']);
  });

  it('keep an event from an inactive webhook', async () => {
    const { account, receiver, webhook } = await subscribe({ isActive: false });
    const active = await subscribe({}, account);
    await account.publish({ type: 'order.paid', data: {} });
    await first(active.receiver);
    const deliveries = await account.allEnded(1);
    expect(deliveries.map(({ webhookId }) => webhookId)).not.toContain(webhook.webhookId);
    expect(receiver.requests).toEqual([]);
  });
});

describe('idempotency', () => {
  it('delivers the first of two events with one eventId, however close they come', async () => {
    const { account, receiver } = await subscribe();
    const twice = [1, 2, 3, 4].map((n) => account.publish({ eventId: 'same', type: 'order.paid', data: { n } }));
    expect(await Promise.all(twice)).toEqual(['same', 'same', 'same', 'same']);
    const late = await account.publish({ eventId: 'same', type: 'order.other', data: { n: 5 } });
    await account.publish({ eventId: 'another', type: 'order.paid', data: {} });
    expect(late).toBe('same');
    const deliveries = await account.allEnded(2);
    expect(deliveries.map(({ eventId }) => eventId).sort()).toEqual(['another', 'same']);
    expect(receiver.requests).toHaveLength(2);
  });
});

describe('accounts', () => {
  it('see and get nothing of each other, whatever ids they use', async () => {
    const mine = await subscribe();
    const theirs = await subscribe();
    await mine.account.publish({ eventId: 'one', type: 'order.paid', data: { of: 'mine' } });
    await theirs.account.publish({ eventId: 'one', type: 'order.paid', data: { of: 'theirs' } });
    const [own] = await mine.account.allEnded(1);
    await theirs.account.allEnded(1);
    expect(JSON.parse(String((await first(mine.receiver)).body))).toMatchObject({ data: { of: 'mine' } });
    expect(JSON.parse(String((await first(theirs.receiver)).body))).toMatchObject({ data: { of: 'theirs' } });
    expect([mine.receiver.requests.length, theirs.receiver.requests.length]).toEqual([1, 1]);

    const stranger = theirs.account;
    const paths = [`/v1/deliveries/${own?.deliveryId}`, `/v1/webhooks/${mine.webhook.webhookId}`];
    for (const path of paths) expect((await stranger.request('GET', path)).status).toBe(404);
    expect((await stranger.request('POST', `${paths[0]}/retry`)).status).toBe(404);
    expect((await stranger.request('PUT', `${paths[1]}`, { isActive: false })).status).toBe(404);
    expect((await stranger.request('DELETE', `${paths[1]}`)).status).toBe(404);
    expect(await stranger.deliveries(`webhookId=${mine.webhook.webhookId}`)).toEqual([]);
    expect((await mine.account.request('GET', `${paths[1]}`)).json).toMatchObject({ isActive: true });
  });

  it('with webhooks alike get one delivery each', async () => {
    const one = await subscribe();
    const two = await subscribe({}, one.account);
    const eventId = await one.account.publish({ type: 'order.paid', data: {} });
    const deliveries = await one.account.allEnded(2);
    expect(new Set(deliveries.map(({ webhookId }) => webhookId))).toEqual(
      new Set([one.webhook.webhookId, two.webhook.webhookId]),
    );
    expect(deliveries.map((delivery) => delivery.eventId)).toEqual([eventId, eventId]);
    const ids = [(await first(one.receiver)).deliveryId, (await first(two.receiver)).deliveryId];
    expect(new Set(ids).size).toBe(2);
  });
});
