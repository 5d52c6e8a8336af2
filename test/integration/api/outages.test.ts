import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { addDelivery } from '../../support/api-deliveries.ts';

const SCOPE = 'webhooks:admin events:write';
const URL = 'https://receiver.example/';
/** Routes that read or write rows. */
const DATABASE_ROUTES: readonly (readonly [string, unknown])[] = [
  ['POST /v1/webhooks', { url: URL }],
  ['GET /v1/webhooks', undefined],
  [`GET /v1/webhooks/${randomUUID()}`, undefined],
  [`PUT /v1/webhooks/${randomUUID()}`, { description: 'x' }],
  [`DELETE /v1/webhooks/${randomUUID()}`, undefined],
  ['GET /v1/deliveries', undefined],
  [`GET /v1/deliveries/${randomUUID()}`, undefined],
  [`POST /v1/deliveries/${randomUUID()}/retry`, undefined],
  ['GET /admin/webhooks/deliveries', undefined],
  [`GET /admin/webhooks/deliveries/${randomUUID()}`, undefined],
  ['GET /admin/dead-letters', undefined],
];

describe('the API while something is away', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterEach(() => {
    api.database.dataApi.setState('up');
    for (const service of ['database', 'kms', 's3', 'sqs'] as const) api.faults.set(service, { mode: 'up' });
  });
  afterAll(() => api.stop());

  const unavailable = {
    status: 503,
    headers: { 'retry-after': '5' },
    body: { error: 'UNAVAILABLE', message: expect.any(String) },
  };

  it.each(DATABASE_ROUTES)('%s is 503 without the writer', async (route, body) => {
    api.database.dataApi.setState('down');
    expect(await api.call(route, { account: newAccount(), scope: SCOPE, body })).toMatchObject(unavailable);
  });

  it.each(DATABASE_ROUTES)('%s is 503 without the Data API', async (route, body) => {
    api.faults.set('database', { mode: 'down' });
    expect(await api.call(route, { account: newAccount(), scope: SCOPE, body })).toMatchObject(unavailable);
  });

  it('refuses what is wrong with the request itself, database or not', async () => {
    api.database.dataApi.setState('down');
    const account = newAccount();
    expect(await api.call('POST /v1/webhooks', { account, body: {} })).toMatchObject({ status: 400 });
    expect(await api.call('GET /v1/deliveries?limit=0', { account })).toMatchObject({ status: 400 });
    expect(await api.call('GET /v1/webhooks/x', { account })).toMatchObject({ status: 404 });
    expect(await api.call('GET /admin/dead-letters', { account })).toMatchObject({ status: 403 });
  });

  it('waits for a database that wakes up', async () => {
    const account = newAccount();
    api.database.dataApi.setState('resuming');
    const answer = api.call('POST /v1/webhooks', { account, body: { url: URL } });
    const list = api.call('GET /v1/webhooks', { account: newAccount() });
    // The database wakes only after it has sent callers away.
    await api.call('POST /v1/events', { scope: SCOPE, body: { type: 'a', data: {} } });
    setTimeout(() => api.database.dataApi.setState('up'), 700);
    expect((await answer).status).toBe(201);
    expect((await list).status).toBe(200);
  });

  it('creates nothing without KMS, and goes on afterwards', async () => {
    const account = newAccount();
    api.faults.set('kms', { mode: 'down' });
    expect(await api.call('POST /v1/webhooks', { account, body: { url: URL } })).toMatchObject(unavailable);
    api.faults.set('kms', { mode: 'up' });
    expect((await api.call('GET /v1/webhooks', { account })).body.data).toEqual([]);
    expect((await api.call('POST /v1/webhooks', { account, body: { url: URL } })).status).toBe(201);
  });

  it('seals without KMS for an account whose key it has in memory', async () => {
    const account = newAccount();
    await api.call('POST /v1/webhooks', { account, body: { url: URL } });
    api.faults.set('kms', { mode: 'down' });
    expect((await api.call('POST /v1/webhooks', { account, body: { url: URL } })).status).toBe(201);
  });

  it('reads and lists without KMS, queue and bucket', async () => {
    const account = newAccount();
    const { body } = await api.call('POST /v1/webhooks', { account, body: { url: URL } });
    const { deliveryId } = await addDelivery(api.database, { accountId: account, webhookId: body.webhookId });
    for (const service of ['kms', 's3', 'sqs'] as const) api.faults.set(service, { mode: 'down' });
    for (const target of ['webhooks', `webhooks/${body.webhookId}`, 'deliveries', `deliveries/${deliveryId}`]) {
      expect((await api.call(`GET /v1/${target}`, { account })).status).toBe(200);
    }
  });

  it('logs a fault with its code and its request, and nothing of the request itself', async () => {
    api.database.dataApi.setState('down');
    const account = newAccount();
    const from = api.lines.length;
    await api.call('POST /v1/webhooks', { account, body: { url: `${URL}private`, secret: 'a very private secret' } });
    const lines = api.lines.slice(from).map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        source: 'Webhooks',
        what: 'api_request_failed',
        route: 'POST /v1/webhooks',
        requestId: expect.any(String),
        error: 'DatabaseFault',
        code: 'UNAVAILABLE',
        cause: 'DatabaseUnavailableException',
      }),
      expect.objectContaining({ route: 'POST /v1/webhooks', status: 503, hook_api_requests_total: 1 }),
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/private/);
  });

  it('writes one line a request that went well: its metric', async () => {
    const from = api.lines.length;
    await api.call('GET /v1/webhooks', { account: newAccount() });
    expect(api.lines.slice(from).map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        route: 'GET /v1/webhooks',
        status: 200,
        hook_api_requests_total: 1,
        hook_api_duration_seconds: expect.any(Number),
      }),
    ]);
  });
});
