import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dueMarkers, sweptMarkers } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { releaseHeld } from '../../../lambdas/sweeper/release-held.ts';
import { type ApiBody, newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { addDelivery, deliveryState } from '../../support/api-deliveries.ts';

const url = 'https://receiver.example/hook';
const MINUTE_MS = 60_000;

describe('PUT /v1/webhooks/{id}', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const add = async (more: object = {}): Promise<ApiBody & { accountId: string }> => {
    const account = newAccount();
    const { status, body } = await api.call('POST /v1/webhooks', { account, body: { url, ...more } });
    if (status !== 201) throw new Error(`not created: ${status}`);
    return { ...body, accountId: account };
  };
  const put = (webhook: { webhookId: string; accountId: string }, body: unknown) =>
    api.call(`PUT /v1/webhooks/${webhook.webhookId}`, { account: webhook.accountId, body });
  const secretOf = async ({ webhookId, accountId }: { webhookId: string; accountId: string }) => {
    const [row] = await api.database.query<{ secret_enc: string }>(
      'SELECT secret_enc FROM hook.webhook_configs WHERE webhook_id = $1',
      [webhookId],
    );
    const { wrappedKey } = await api.keyring.accountKey(accountId);
    return api.keyring.open({ accountId, ownerId: webhookId, purpose: 'secret' }, row?.secret_enc ?? '', wrappedKey);
  };

  describe('changes one field and leaves the others:', () => {
    it.each<[Record<string, unknown>]>([
      [{ url: 'https://other.example/' }],
      [{ description: 'new' }],
      [{ description: null }],
      [{ events: ['a.*'] }],
      [{ isActive: false }],
      [{ mode: 'hold' }],
      [{ rateLimitPerSecond: 2 }],
      [{ rateLimitPerSecond: null }],
      [{ apiVersion: 'v2' }],
      [{}],
    ])('%j', async (change) => {
      const webhook = await add({ description: 'old', events: ['b'], rateLimitPerSecond: 1, secret: 'x'.repeat(20) });
      const { status, body } = await put(webhook, change);
      expect(status).toBe(200);
      expect(body).toEqual({ ...webhook, ...change, updatedAt: expect.any(String) });
      expect(String(body.updatedAt) >= String(webhook.updatedAt)).toBe(true);
      const read = await api.call(`GET /v1/webhooks/${webhook.webhookId}`, { account: webhook.accountId });
      expect(read.body).toEqual(body);
      expect(await secretOf(webhook)).toBe('x'.repeat(20));
    });

    it('apiVersion null, which is v1', async () => {
      const webhook = await add({ apiVersion: 'v2' });
      expect((await put(webhook, { apiVersion: null })).body).toMatchObject({ apiVersion: 'v1' });
    });
  });

  it('replaces the secret at once, and ends a rotation', async () => {
    const webhook = await add();
    await api.database.query(
      `UPDATE hook.webhook_configs SET previous_secret_enc = secret_enc, previous_secret_expires_at = now() + interval '1 day'
        WHERE webhook_id = $1`,
      [webhook.webhookId],
    );
    const rotation = () =>
      api.database.query(
        'SELECT previous_secret_enc, previous_secret_expires_at FROM hook.webhook_configs WHERE webhook_id = $1',
        [webhook.webhookId],
      );
    await put(webhook, { description: 'a change of something else' });
    expect(await rotation()).toEqual([
      { previous_secret_enc: expect.any(String), previous_secret_expires_at: expect.any(Date) },
    ]);
    const { status, text } = await put(webhook, { secret: 'another secret, long enough' });
    expect(status).toBe(200);
    expect(text).not.toContain('secret');
    expect(await secretOf(webhook)).toBe('another secret, long enough');
    expect(await rotation()).toEqual([{ previous_secret_enc: null, previous_secret_expires_at: null }]);
  });

  describe('with ed25519', () => {
    it('makes the pair once, hides it under HMAC, and shows the same one again', async () => {
      const webhook = await add();
      const pair = await put(webhook, { apiVersion: 'v2', signingAlgorithm: 'ed25519' });
      expect(pair).toMatchObject({ status: 200, body: { publicKey: expect.stringMatching(/^whpk_/) } });
      const plain = await put(webhook, { signingAlgorithm: 'HMAC-SHA256' });
      expect(plain.body).not.toHaveProperty('publicKey');
      expect((await put(webhook, { apiVersion: 'v1' })).status).toBe(200);
      const again = await put(webhook, { apiVersion: 'v2', signingAlgorithm: 'ed25519' });
      expect(again.body.publicKey).toBe(pair.body.publicKey);
    });

    it.each([
      ['after v1', {}, { signingAlgorithm: 'ed25519' }, 'signingAlgorithm'],
      ['before v1', { apiVersion: 'v2', signingAlgorithm: 'ed25519' }, { apiVersion: 'v1' }, 'apiVersion'],
      ['before null', { apiVersion: 'v2', signingAlgorithm: 'ed25519' }, { apiVersion: null }, 'apiVersion'],
      ['with v1', { apiVersion: 'v2' }, { apiVersion: 'v1', signingAlgorithm: 'ed25519' }, 'signingAlgorithm'],
    ])('is refused %s', async (_, before, change, field) => {
      const webhook = await add(before);
      expect(await put(webhook, change)).toMatchObject({ status: 400, body: { error: 'VALIDATION_ERROR', field } });
    });

    it('and v1 never meet, whichever comes first of the two at once', async () => {
      for (let round = 0; round < 5; round++) {
        const webhook = await add({ apiVersion: 'v2' });
        const answers = await Promise.all([
          put(webhook, { signingAlgorithm: 'ed25519' }),
          put(webhook, { apiVersion: 'v1' }),
        ]);
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
        const { body } = await api.call(`GET /v1/webhooks/${webhook.webhookId}`, { account: webhook.accountId });
        expect([body.apiVersion, body.signingAlgorithm]).not.toEqual(['v1', 'ed25519']);
      }
    });
  });

  it.each<[unknown, string | undefined]>([
    [{ url: 'http://receiver.example/' }, 'url'],
    [{ url: null }, 'url'],
    [{ secret: 'short' }, 'secret'],
    [{ events: [] }, 'events'],
    [{ isActive: 1 }, 'isActive'],
    [{ mode: null }, 'mode'],
    [{ rateLimitPerSecond: 0 }, 'rateLimitPerSecond'],
    [{ signingAlgorithm: null }, 'signingAlgorithm'],
    [{ disabledReason: null }, 'disabledReason'],
    [{ publicKey: 'x' }, 'publicKey'],
    ['[]', undefined],
    ['{', undefined],
  ])('refuses %j', async (change, field) => {
    const webhook = await add();
    const { status, body } = await put(webhook, change);
    expect([status, body]).toEqual([
      400,
      { error: 'VALIDATION_ERROR', message: expect.any(String), ...(field && { field }) },
    ]);
  });

  it('loses no change of twenty at once', async () => {
    const webhook = await add();
    const changes = [
      { url: 'https://other.example/' },
      { description: 'all of them' },
      { events: ['z'] },
      { mode: 'hold' },
      { rateLimitPerSecond: 7 },
      { secret: 'the secret of the last one' },
      { isActive: false },
      { apiVersion: 'v2' },
    ];
    const idle = Array.from({ length: 12 }, () => ({}));
    const answers = await Promise.all([...changes, ...idle].map((change) => put(webhook, change)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { body } = await api.call(`GET /v1/webhooks/${webhook.webhookId}`, { account: webhook.accountId });
    const { secret, ...shown } = Object.assign({}, ...changes);
    expect(body).toMatchObject(shown);
    expect(await secretOf(webhook)).toBe(secret);
  });

  describe('that stops deliveries', () => {
    it.each([{ isActive: false }, { mode: 'hold' }])('%j holds what is open and no one is sending', async (change) => {
      const webhook = await add();
      const other = await add();
      const row = (status: string, columns: object = {}) =>
        addDelivery(api.database, { ...webhook, status, columns: { generation: 3, ...columns } });
      const due = { next_retry_at: new Date(), expires_at: new Date(), claim_token: randomUUID() };
      const pending = await row('PENDING', { ...due, claimed_until: new Date(Date.now() - 1000) });
      const failed = await row('FAILED_RETRY', due);
      const leased = await row('PENDING', { claimed_until: new Date(Date.now() + MINUTE_MS) });
      const awaiting = await row('IN_PROGRESS');
      const ended = await row('DELIVERED');
      const foreign = await addDelivery(api.database, { ...other, status: 'PENDING' });
      expect((await put(webhook, change)).status).toBe(200);
      for (const { deliveryId } of [pending, failed]) {
        expect(await deliveryState(api.database, deliveryId)).toMatchObject({
          status: 'HELD',
          generation: 4,
          carrier: 'parked',
          claim_token: null,
          claimed_until: null,
          next_retry_at: null,
          expires_at: null,
        });
      }
      const statusOf = async ({ deliveryId }: { deliveryId: string }) => {
        const { status, generation } = await deliveryState(api.database, deliveryId);
        return [status, generation];
      };
      expect(await statusOf(leased)).toEqual(['PENDING', 3]);
      expect(await statusOf(awaiting)).toEqual(['IN_PROGRESS', 3]);
      expect(await statusOf(ended)).toEqual(['DELIVERED', 3]);
      expect(await statusOf(foreign)).toEqual(['PENDING', 0]);
    });

    it('holds what an interrupted hold has left over, when it is asked again', async () => {
      const webhook = await add({ mode: 'hold' });
      const { deliveryId } = await addDelivery(api.database, { ...webhook, status: 'PENDING' });
      await put(webhook, { mode: 'hold' });
      expect(await deliveryState(api.database, deliveryId)).toMatchObject({ status: 'HELD', generation: 1 });
    });
  });

  describe('that takes deliveries again', () => {
    it.each([
      [{ isActive: false }, { isActive: true }],
      [{ mode: 'hold' }, { mode: 'deliver' }],
    ])('%j → %j has the very next sweep look, and one that cannot miss the row', async (before, change) => {
      const webhook = await add(before);
      const { deliveryId } = await addDelivery(api.database, { ...webhook, status: 'HELD' });
      const startMs = Date.now();
      expect((await put(webhook, change)).status).toBe(200);
      const endMs = Date.now();
      const seen = dueMarkers(api.markers(), endMs + MINUTE_MS - 1);
      const young = seen.filter((key) => sweptMarkers([key], startMs + MINUTE_MS - 1).length === 0);
      expect(young).not.toEqual([]);
      // Releasing is the sweeper's: the row has not moved, but is what it looks for.
      expect(await deliveryState(api.database, deliveryId)).toMatchObject({ status: 'HELD', generation: 0 });
      const nowMs = Date.now();
      const lease = { token: randomUUID(), claimedUntilMs: nowMs, expiresMs: nowMs, nowMs, limit: 1_000 };
      const released = await api.statements.query(releaseHeld, lease);
      expect(released.map((row) => row.deliveryId)).toEqual([deliveryId]);
    });

    it('clears the platform’s reason, whichever way the owner decides', async () => {
      for (const isActive of [true, false]) {
        const webhook = await add();
        await api.database.query(
          "UPDATE hook.webhook_configs SET is_active = false, disabled_reason = 'gone' WHERE webhook_id = $1",
          [webhook.webhookId],
        );
        expect((await put(webhook, { description: 'x' })).body).toMatchObject({
          disabledReason: 'gone',
          isActive: false,
        });
        expect((await put(webhook, { isActive })).body).toMatchObject({ disabledReason: null, isActive });
      }
    });
  });

  it('changes nothing when the marker cannot be written, and says that it was not done', async () => {
    const webhook = await add({ mode: 'hold' });
    // A container of its own, so that no marker of before will do.
    const fresh = await startTestApi();
    try {
      const own = await fresh.call('POST /v1/webhooks', { account: webhook.accountId, body: { url, mode: 'hold' } });
      fresh.faults.set('s3', { mode: 'down' });
      const target = `/v1/webhooks/${own.body.webhookId}`;
      const answer = await fresh.call(`PUT ${target}`, { account: webhook.accountId, body: { mode: 'deliver' } });
      expect(answer).toMatchObject({ status: 503, body: { error: 'UNAVAILABLE' }, headers: { 'retry-after': '5' } });
      const read = await fresh.call(`GET ${target}`, { account: webhook.accountId });
      expect(read.body.mode).toBe('hold');
    } finally {
      await fresh.stop();
    }
  });
});
