import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiBody, newAccount, startTestApi, type TestApi } from '../../support/api.ts';

describe('GET /v1/webhooks', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const add = async (account: string, count: number, more: object = {}): Promise<string[]> => {
    const ids: string[] = [];
    for (let made = 0; made < count; made++) {
      const body = { url: 'https://receiver.example/', isActive: false, ...more };
      ids.push((await api.call('POST /v1/webhooks', { account, body })).body.webhookId);
    }
    return ids;
  };
  const list = (account: string, query = '') => api.call(`GET /v1/webhooks${query}`, { account });
  const idsOf = (body: ApiBody) => body.data.map(({ webhookId }) => webhookId);

  it('is empty for an account without any', async () => {
    expect(await list(newAccount())).toMatchObject({ status: 200, body: { data: [], nextCursor: null } });
  });

  it('gives what GET of each gives, newest first, 20 unless told otherwise', async () => {
    const account = newAccount();
    const ids = await add(account, 21);
    const { body } = await list(account);
    expect(body.data).toHaveLength(20);
    expect(body.nextCursor).toEqual(expect.any(String));
    expect(new Set(idsOf(body)).size).toBe(20);
    expect(ids).toEqual(expect.arrayContaining(idsOf(body)));
    expect(idsOf(body)).toEqual([...idsOf(body)].sort().reverse());
    const one = await api.call(`GET /v1/webhooks/${body.data[0]?.webhookId}`, { account });
    expect(one.body).toEqual(body.data[0]);
  });

  it('pages to the end, and newcomers shift nothing', async () => {
    const account = newAccount();
    const ids = await add(account, 7);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '?limit=3' : `?limit=3&cursor=${cursor}`;
      const { body }: { body: ApiBody } = await list(account, query);
      seen.push(...idsOf(body));
      cursor = body.nextCursor;
      await add(account, 1);
    } while (cursor !== null);
    expect(seen).toHaveLength(7);
    expect([...seen].sort()).toEqual([...ids].sort());
  });

  it('has no further page when the last one is exactly full', async () => {
    const account = newAccount();
    await add(account, 2);
    expect((await list(account, '?limit=2')).body.nextCursor).toBeNull();
    expect((await list(account, '?limit=1')).body.nextCursor).not.toBeNull();
  });

  it('gives 100 of the largest webhooks: more than one result set of the Data API holds', async () => {
    const account = newAccount();
    const body = {
      url: `https://receiver.example/${'"'.repeat(2048 - 25)}`,
      description: '\u0001'.repeat(255),
      events: Array.from({ length: 100 }, (_, index) => `${'a'.repeat(125)}${String(index).padStart(3, '0')}`),
    };
    await add(account, 1, body);
    await api.database.query(
      `INSERT INTO hook.webhook_configs (webhook_id, account_id, url, secret_enc, description, events, is_active)
       SELECT gen_random_uuid(), account_id, url, secret_enc, description, events, false
         FROM hook.webhook_configs, generate_series(1, 101) WHERE account_id = $1`,
      [account],
    );
    const first = await list(account, '?limit=100');
    expect(first.status).toBe(200);
    expect(first.body.data).toHaveLength(100);
    expect(first.body.data.at(-1)).toMatchObject(body);
    const second = await list(account, `?limit=100&cursor=${first.body.nextCursor}`);
    expect(second.body.data).toHaveLength(2);
    expect(new Set([...idsOf(first.body), ...idsOf(second.body)]).size).toBe(102);
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?limit=-1', 'limit'],
    ['?limit=1.5', 'limit'],
    ['?limit=', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=5&limit=6', 'limit'],
    ['?cursor=', 'cursor'],
    ['?cursor=x', 'cursor'],
    ['?cursor=bm90IGFuIGlk', 'cursor'],
    [`?cursor=${'a'.repeat(600)}`, 'cursor'],
    ['?cursor=%00', 'cursor'],
    ['?page=2', 'page'],
    ['?limit=5&Limit=6', 'Limit'],
  ])('refuses %s', async (query, field) => {
    expect(await list(newAccount(), query)).toMatchObject({ status: 400, body: { error: 'VALIDATION_ERROR', field } });
  });

  it.each([1, 100])('takes a limit of %d', async (limit) => {
    expect((await list(newAccount(), `?limit=${limit}`)).status).toBe(200);
  });
});
