import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '../../../lib/routes.ts';
import { type ApiCall, newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { addDelivery, deliveryState } from '../../support/api-deliveries.ts';

const ROUTES_WITH_ID = [
  'GET /v1/webhooks/{id}',
  'PUT /v1/webhooks/{id}',
  'DELETE /v1/webhooks/{id}',
  'GET /v1/deliveries/{id}',
  'POST /v1/deliveries/{id}/retry',
];
const LISTS = ['GET /v1/webhooks', 'GET /v1/deliveries'];
const ADMIN_ROUTES = [
  'GET /admin/webhooks/deliveries',
  'GET /admin/webhooks/deliveries/{id}',
  'GET /admin/dead-letters',
];
const WRITES_WITHOUT_ID = ['POST /v1/webhooks', 'POST /v1/events'];
const ALL = [...ROUTES_WITH_ID, ...LISTS, ...ADMIN_ROUTES, ...WRITES_WITHOUT_ID];

const NOT_FOUND = { status: 404, body: { error: 'NOT_FOUND' } };
/** Each is one path segment of a request line. */
const MALFORMED_IDS = [
  'x',
  '1',
  'null',
  '%00',
  '%27%20OR%201=1--',
  '..',
  '%F0%9F%98%80',
  '00000000-0000-0000-0000-00000000000',
  '00000000-0000-0000-0000-0000000000000',
  '0000000000000000000000000000000000',
  '{00000000-0000-0000-0000-000000000000}',
  'a'.repeat(3_000),
];

describe('accounts', () => {
  let api: TestApi;
  const owner = newAccount();
  const ids = { webhook: '', delivery: '' };
  beforeAll(async () => {
    api = await startTestApi();
    const body = { url: 'https://receiver.example/' };
    ids.webhook = (await api.call('POST /v1/webhooks', { account: owner, body })).body.webhookId;
    const row = { accountId: owner, webhookId: ids.webhook, status: 'FAILED' };
    ids.delivery = (await addDelivery(api.database, row)).deliveryId;
  });
  afterAll(() => api.stop());

  const call = (route: string, id: string, more: ApiCall) => api.call(route.replace('{id}', id), more);
  const idOf = (route: string) => (route.includes('webhooks/{id}') ? ids.webhook : ids.delivery);

  it('are told apart on every route that there is', () => {
    expect(Object.values(api.routeKeys).flat().sort()).toEqual([...ALL].sort());
  });

  it('have an operation for every route of the stack', () => {
    const declared = ROUTES.filter(({ target }) => target !== 'Health').map(({ method, path, target }) => [
      `${method} ${path}`,
      target,
    ]);
    for (const [key, target] of declared) {
      expect(api.routeKeys[target as keyof typeof api.routeKeys]).toContain(key);
    }
  });

  it.each(ROUTES_WITH_ID)('%s knows nothing of another account’s', async (route) => {
    const stranger = await call(route, idOf(route), { account: newAccount(), body: bodyOf(route) });
    expect(stranger).toMatchObject(NOT_FOUND);
    const unknown = await call(route, randomUUID(), { account: owner, body: bodyOf(route) });
    // Word for word: one answer must not give away that the other is somebody's.
    expect([stranger.text, stranger.headers]).toEqual([unknown.text, unknown.headers]);
  });

  it.each(ROUTES_WITH_ID)('%s opens for no administrator of another account', async (route) => {
    const scope = 'webhooks:admin events:write';
    expect(await call(route, idOf(route), { account: newAccount(), scope, body: bodyOf(route) })).toMatchObject(
      NOT_FOUND,
    );
  });

  it.each(LISTS)('%s is empty for another account', async (route) => {
    const query = route === 'GET /v1/deliveries' ? `?webhookId=${ids.webhook}` : '';
    const answer = await api.call(`${route}${query}`, { account: newAccount() });
    expect(answer).toMatchObject({ status: 200, body: { data: [], nextCursor: null } });
  });

  it('cannot page into another account with its cursor', async () => {
    for (let made = 0; made < 2; made++) {
      await api.call('POST /v1/webhooks', { account: owner, body: { url: 'https://receiver.example/' } });
    }
    const { body } = await api.call('GET /v1/webhooks?limit=1', { account: owner });
    const answer = await api.call(`GET /v1/webhooks?cursor=${body.nextCursor}`, { account: newAccount() });
    expect(answer.body.data).toEqual([]);
  });

  it('are untouched by all that', async () => {
    expect((await deliveryState(api.database, ids.delivery)).status).toBe('FAILED');
    const read = await api.call(`GET /v1/webhooks/${ids.webhook}`, { account: owner });
    expect(read).toMatchObject({ status: 200, body: { description: null } });
  });

  describe.each(ROUTES_WITH_ID)('%s', (route) => {
    it.each(MALFORMED_IDS)('answers 404 to the id %.40s', async (id) => {
      expect(await call(route, id, { account: owner, body: bodyOf(route) })).toMatchObject(NOT_FOUND);
    });
  });

  describe.each(ALL)('%s', (route) => {
    const scope = 'webhooks:admin events:write';
    it.each([null, '', 'a'.repeat(129), 'a\0b', 'a\ud800'])('is forbidden to the account %j', async (account) => {
      const answer = await call(route, randomUUID(), { account, scope, body: bodyOf(route) });
      expect([answer.status, answer.body]).toEqual([403, { error: 'FORBIDDEN', message: expect.any(String) }]);
    });

    it('is 401 without claims', async () => {
      const answer = await call(route, randomUUID(), { isAnonymous: true, body: bodyOf(route) });
      expect([answer.status, answer.body]).toEqual([401, { error: 'UNAUTHORIZED', message: expect.any(String) }]);
    });

    it('takes an account of 128 characters of any kind', async () => {
      const account = `'";--\\ ${'ü😀'.repeat(40)}`.slice(0, 128);
      const { status } = await call(route, randomUUID(), { account, scope, body: bodyOf(route) });
      expect(status).toBe(successOf(route));
    });
  });

  it.each(ADMIN_ROUTES)('%s needs the scope, whoever asks', async (route) => {
    const answer = await call(route, ids.delivery, { account: owner, scope: 'events:write' });
    expect(answer).toMatchObject({ status: 403, body: { error: 'FORBIDDEN' } });
  });
});

function successOf(route: string): number {
  if (route.includes('{id}')) return 404;
  if (route.startsWith('GET')) return 200;
  return route === 'POST /v1/webhooks' ? 201 : 202;
}

function bodyOf(route: string): unknown {
  if (route.startsWith('PUT')) return { description: 'mine now' };
  if (route === 'POST /v1/webhooks') return { url: 'https://receiver.example/' };
  return route === 'POST /v1/events' ? { type: 'a', data: {} } : undefined;
}
