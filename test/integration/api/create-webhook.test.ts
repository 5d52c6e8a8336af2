import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiCall, newAccount, startTestApi, type TestApi } from '../../support/api.ts';

const url = 'https://receiver.example/hook';

describe('POST /v1/webhooks', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const create = (body: unknown, call: ApiCall = {}) =>
    api.call('POST /v1/webhooks', { account: newAccount(), body, ...call });

  it('fills in everything but the url, and gives a secret that verifies', async () => {
    const account = newAccount();
    const { status, headers, body } = await create({ url }, { account });
    expect(status).toBe(201);
    expect(body).toEqual({
      webhookId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      accountId: account,
      url,
      description: null,
      events: ['*'],
      isActive: true,
      mode: 'deliver',
      rateLimitPerSecond: null,
      apiVersion: 'v1',
      signingAlgorithm: 'HMAC-SHA256',
      disabledReason: null,
      circuit: 'closed',
      createdAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
      updatedAt: body.createdAt,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    expect(headers).toMatchObject({ location: `/v1/webhooks/${body.webhookId}`, 'content-type': 'application/json' });
  });

  it('keeps every field that was given, and never returns a given secret', async () => {
    const account = newAccount();
    const given = {
      url: 'https://receiver.example:8443/a?b=c',
      description: 'orders',
      events: ['order.*', 'invoice.paid', '*'],
      isActive: false,
      mode: 'hold',
      rateLimitPerSecond: 0.5,
      apiVersion: 'v2',
      signingAlgorithm: 'HMAC-SHA256',
    };
    const { status, body, text } = await create({ ...given, secret: 'a secret that is given' }, { account });
    expect(status).toBe(201);
    expect(body).toMatchObject(given);
    expect(text).not.toContain('secret');
    const read = await api.call(`GET /v1/webhooks/${body.webhookId}`, { account });
    expect(read.body).toEqual(body);
  });

  describe('secrets', () => {
    it('are sealed in the row, in no later answer, and in no log line', async () => {
      const account = newAccount();
      const plain = 'correct horse battery staple';
      const given = (await create({ url, secret: plain }, { account })).body.webhookId;
      const made = (await create({ url }, { account })).body;
      const answers = await Promise.all([
        api.call('GET /v1/webhooks', { account }),
        api.call(`GET /v1/webhooks/${made.webhookId}`, { account }),
        api.call(`PUT /v1/webhooks/${made.webhookId}`, { account, body: { description: 'x' } }),
        api.call(`PUT /v1/webhooks/${given}`, { account, body: { secret: `${plain}!` } }),
      ]);
      const rows = await api.database.query('SELECT * FROM hook.webhook_configs WHERE account_id = $1', [account]);
      const everywhere = JSON.stringify([answers, rows, api.lines]);
      expect(rows).toHaveLength(2);
      expect(everywhere).not.toContain(plain);
      expect(everywhere).not.toContain(made.secret);
      expect(everywhere).not.toContain(made.secret.slice('whsec_'.length));
      for (const { text } of answers) expect(text).not.toContain('"secret');
    });

    it('open again for the webhook and account that they were sealed for, and for no other', async () => {
      const account = newAccount();
      const first = (await create({ url }, { account })).body;
      const second = (await create({ url }, { account })).body;
      const [row] = await api.database.query<{ secret_enc: string }>(
        'SELECT secret_enc FROM hook.webhook_configs WHERE webhook_id = $1',
        [first.webhookId],
      );
      const { wrappedKey } = await api.keyring.accountKey(account);
      const open = (ownerId: string) =>
        api.keyring.open({ accountId: account, ownerId, purpose: 'secret' }, row?.secret_enc ?? '', wrappedKey);
      expect(await open(first.webhookId)).toBe(first.secret);
      await expect(open(second.webhookId)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    });

    it.each([
      ['16 characters', 'x'.repeat(16)],
      ['128 characters', 'x'.repeat(128)],
      ['whsec_ with 24 bytes', `whsec_${Buffer.alloc(24, 7).toString('base64')}`],
      ['whsec_ with 64 bytes', `whsec_${Buffer.alloc(64, 7).toString('base64')}`],
    ])('may have %s', async (_, secret) => {
      expect((await create({ url, secret })).status).toBe(201);
    });
  });

  describe('an ed25519 webhook', () => {
    it('shows its public key, whose private half is sealed, and has a secret for callbacks', async () => {
      const account = newAccount();
      const { status, body } = await create({ url, apiVersion: 'v2', signingAlgorithm: 'ed25519' }, { account });
      expect(status).toBe(201);
      expect(body.publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
      expect(body.secret).toMatch(/^whsec_/);
      const [row] = await api.database.query<{ signing_key_enc: string }>(
        'SELECT signing_key_enc FROM hook.webhook_configs WHERE webhook_id = $1',
        [body.webhookId],
      );
      const place = { accountId: account, ownerId: body.webhookId, purpose: 'signing-key' } as const;
      const { wrappedKey } = await api.keyring.accountKey(account);
      const secretKey = await api.keyring.open(place, row?.signing_key_enc ?? '', wrappedKey);
      expect(row?.signing_key_enc).not.toContain('whsk_');
      // The private key of Standard Webhooks ends with its public half.
      expect(Buffer.from(secretKey.slice('whsk_'.length), 'base64').subarray(32).toString('base64')).toBe(
        String(body.publicKey).slice('whpk_'.length),
      );
    });

    it.each([
      [{ signingAlgorithm: 'ed25519' }],
      [{ signingAlgorithm: 'ed25519', apiVersion: 'v1' }],
      [{ signingAlgorithm: 'ed25519', apiVersion: null }],
    ])('is refused with v1: %j', async (signing) => {
      const { status, body } = await create({ url, ...signing });
      expect([status, body]).toEqual([400, expect.objectContaining({ field: 'signingAlgorithm' })]);
    });
  });

  describe('takes, at the edge,', () => {
    it.each<[string, Record<string, unknown>]>([
      ['a url of 2048 characters', { url: `${url}/${'a'.repeat(2048 - url.length - 1)}` }],
      ['port 1024', { url: 'https://receiver.example:1024/' }],
      ['a description of 255 characters', { url, description: 'ü'.repeat(255) }],
      ['an empty description', { url, description: '' }],
      ['no description', { url, description: null }],
      ['100 filters', { url, events: Array.from({ length: 100 }, (_, index) => `a.${index}`) }],
      ['a filter of 128 characters', { url, events: ['a'.repeat(128)] }],
      ['operational events', { url, events: ['webhook.disabled', 'delivery.dead_lettered'] }],
      ['0.1 deliveries a second', { url, rateLimitPerSecond: 0.1 }],
      ['1000 deliveries a second', { url, rateLimitPerSecond: 1000 }],
      ['no rate limit', { url, rateLimitPerSecond: null }],
      ['apiVersion null, which is v1', { url, apiVersion: null }],
      ['text with quotes, backslashes and 4-byte characters', { url, description: '"\\\n\t\u0001😀' }],
    ])('%s', async (_, body) => {
      const answer = await create(body);
      expect([answer.status, answer.body]).toEqual([
        201,
        expect.objectContaining({ ...body, ...(body.apiVersion === null ? { apiVersion: 'v1' } : {}) }),
      ]);
    });
  });

  describe('refuses, naming the field,', () => {
    it.each<[string, unknown, string]>([
      ['no url', {}, 'url'],
      ['a url that is no text', { url: 7 }, 'url'],
      ['a url that is none', { url: 'receiver.example' }, 'url'],
      ['http', { url: 'http://receiver.example/' }, 'url'],
      ['a url of 2049 characters', { url: `${url}/${'a'.repeat(2048 - url.length)}` }, 'url'],
      ['credentials', { url: 'https://user:password@receiver.example/' }, 'url'],
      ['port 25', { url: 'https://receiver.example:25/' }, 'url'],
      ['port 1023', { url: 'https://receiver.example:1023/' }, 'url'],
      ['localhost', { url: 'https://localhost/' }, 'url'],
      ['a loopback address in one number', { url: 'https://2130706433/' }, 'url'],
      ['a metadata address', { url: 'https://169.254.169.254/' }, 'url'],
      ['a mapped private address', { url: 'https://[::ffff:10.0.0.1]/' }, 'url'],
      ['a secret of 15 characters', { url, secret: 'x'.repeat(15) }, 'secret'],
      ['a secret of 129 characters', { url, secret: 'x'.repeat(129) }, 'secret'],
      ['whsec_ with 23 bytes', { url, secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, 'secret'],
      ['whsec_ with 65 bytes', { url, secret: `whsec_${Buffer.alloc(65).toString('base64')}` }, 'secret'],
      ['whsec_ without base64', { url, secret: 'whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!' }, 'secret'],
      ['a secret that is null', { url, secret: null }, 'secret'],
      ['a description of 256 characters', { url, description: 'x'.repeat(256) }, 'description'],
      ['a description that is no text', { url, description: {} }, 'description'],
      ['events that are no list', { url, events: '*' }, 'events'],
      ['no event at all', { url, events: [] }, 'events'],
      ['101 filters', { url, events: Array.from({ length: 101 }, (_, index) => `a.${index}`) }, 'events'],
      ['a glob in the middle', { url, events: ['a', 'order.*.paid'] }, 'events.1'],
      ['a prefix without its dot', { url, events: ['order*'] }, 'events.0'],
      ['a filter of 129 characters', { url, events: ['a'.repeat(129)] }, 'events.0'],
      ['a filter that is null', { url, events: [null] }, 'events.0'],
      ['isActive as text', { url, isActive: 'true' }, 'isActive'],
      ['isActive null', { url, isActive: null }, 'isActive'],
      ['an unknown mode', { url, mode: 'pause' }, 'mode'],
      ['less than 0.1 a second', { url, rateLimitPerSecond: 0.09 }, 'rateLimitPerSecond'],
      ['more than 1000 a second', { url, rateLimitPerSecond: 1000.1 }, 'rateLimitPerSecond'],
      ['a rate as text', { url, rateLimitPerSecond: '5' }, 'rateLimitPerSecond'],
      ['an unknown version', { url, apiVersion: 'v3' }, 'apiVersion'],
      ['an unknown algorithm', { url, signingAlgorithm: 'RSA' }, 'signingAlgorithm'],
      ['an unknown field', { url, colour: 'blue' }, 'colour'],
      ['a field that only answers have', { url, webhookId: 'x' }, 'webhookId'],
    ])('%s', async (_, body, field) => {
      const answer = await create(body);
      expect([answer.status, answer.body]).toEqual([
        400,
        { error: 'VALIDATION_ERROR', message: expect.any(String), field },
      ]);
    });
  });

  describe('refuses a body', () => {
    it.each<[string, unknown]>([
      ['that is not JSON', '{"url":'],
      ['that is an array', '[]'],
      ['that is text', '"x"'],
      ['that is null', 'null'],
      ['with a byte order mark', `\ufeff{"url":"${url}"}`],
      ['with U+0000, escaped', `{"url":"${url}","description":"\\u0000"}`],
      ['with a lone surrogate, escaped', `{"url":"${url}","description":"\\ud800"}`],
      ['that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
      ['with Latin-1 in a text', Buffer.from(`{"url":"${url}","description":"\u00fc"}`, 'latin1')],
    ])('%s', async (_, body) => {
      expect(await create(body)).toMatchObject({ status: 400, body: { error: 'VALIDATION_ERROR' } });
    });

    it('that is not UTF-8, when the gateway sends it as base64 too', async () => {
      const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
      const answer = await create(body, { headers: { 'content-type': 'application/octet-stream' } });
      expect(answer).toMatchObject({ status: 400, body: { message: 'the body is not valid UTF-8' } });
    });

    it('that is empty, for it is {}', async () => {
      expect(await create(undefined)).toMatchObject({ status: 400, body: { field: 'url' } });
    });

    it('over 65,536 bytes', async () => {
      const padded = (bytes: number) => JSON.stringify({ url }).padEnd(bytes, ' ');
      expect(await create(padded(65_536))).toMatchObject({ status: 201 });
      expect(await create(padded(65_537))).toMatchObject({ status: 413, body: { error: 'PAYLOAD_TOO_LARGE' } });
    });
  });

  it('takes a body that the gateway sends as base64', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await create({ url, description: 'ü' }, { headers });
    expect(answer).toMatchObject({ status: 201, body: { description: 'ü' } });
  });

  it('takes U+FFFD where it was sent', async () => {
    expect(await create({ url, description: '\ufffd' })).toMatchObject({
      status: 201,
      body: { description: '\ufffd' },
    });
  });

  describe('ten active webhooks', () => {
    it('are the limit, also of thirty at once', async () => {
      const account = newAccount();
      const answers = await Promise.all(Array.from({ length: 30 }, () => create({ url }, { account })));
      const refused = answers.filter(({ status }) => status !== 201);
      expect(refused).toHaveLength(20);
      for (const { status, body } of refused) {
        expect([status, body]).toEqual([422, { error: 'MAX_WEBHOOKS_EXCEEDED', message: expect.any(String) }]);
      }
      const list = await api.call('GET /v1/webhooks?limit=100', { account });
      expect(list.body.data).toHaveLength(10);
    });

    it('leave room for inactive ones, which cannot be activated over the limit', async () => {
      const account = newAccount();
      for (let made = 0; made < 10; made++) expect((await create({ url }, { account })).status).toBe(201);
      const { status, body } = await create({ url, isActive: false }, { account });
      expect(status).toBe(201);
      const activate = () => api.call(`PUT /v1/webhooks/${body.webhookId}`, { account, body: { isActive: true } });
      expect(await activate()).toMatchObject({ status: 422, body: { error: 'MAX_WEBHOOKS_EXCEEDED' } });

      const list = await api.call('GET /v1/webhooks?limit=100', { account });
      const active = list.body.data.find(({ isActive }) => isActive === true);
      await api.call(`PUT /v1/webhooks/${active?.webhookId}`, { account, body: { isActive: false } });
      expect(await activate()).toMatchObject({ status: 200, body: { isActive: true } });
      expect((await create({ url }, { account })).status).toBe(422);
    });

    it('are counted for each account by itself', async () => {
      const [first, second] = [newAccount(), newAccount()];
      await Promise.all(Array.from({ length: 10 }, () => create({ url }, { account: first })));
      expect((await create({ url }, { account: second })).status).toBe(201);
    });
  });

  it('makes one key for an account whose first webhooks come at once', async () => {
    const account = newAccount();
    const answers = await Promise.all(Array.from({ length: 5 }, () => create({ url }, { account })));
    const rows = await api.database.query<{ webhook_id: string; secret_enc: string }>(
      'SELECT webhook_id, secret_enc FROM hook.webhook_configs WHERE account_id = $1',
      [account],
    );
    const { wrappedKey } = await api.keyring.accountKey(account);
    for (const { body } of answers) {
      const sealed = rows.find(({ webhook_id }) => webhook_id === body.webhookId)?.secret_enc ?? '';
      const place = { accountId: account, ownerId: body.webhookId, purpose: 'secret' } as const;
      expect(await api.keyring.open(place, sealed, wrappedKey)).toBe(body.secret);
    }
  });
});
