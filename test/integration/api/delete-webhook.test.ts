import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiBody, newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { addDelivery, deliveryState } from '../../support/api-deliveries.ts';

describe('DELETE /v1/webhooks/{id}', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const add = async (): Promise<ApiBody & { accountId: string }> => {
    const account = newAccount();
    const body = { url: 'https://receiver.example/' };
    return { ...(await api.call('POST /v1/webhooks', { account, body })).body, accountId: account };
  };
  const remove = ({ webhookId, accountId }: { webhookId: string; accountId: string }) =>
    api.call(`DELETE /v1/webhooks/${webhookId}`, { account: accountId });

  it('answers 204 without a body, then 404', async () => {
    const webhook = await add();
    const answer = await remove(webhook);
    expect([answer.status, answer.text, answer.headers]).toEqual([204, '', {}]);
    expect(await remove(webhook)).toMatchObject({ status: 404, body: { error: 'NOT_FOUND' } });
    const read = await api.call(`GET /v1/webhooks/${webhook.webhookId}`, { account: webhook.accountId });
    expect(read.status).toBe(404);
    expect((await api.call('GET /v1/webhooks', { account: webhook.accountId })).body.data).toEqual([]);
  });

  it('cancels what is open, a lease or not, and leaves what has ended', async () => {
    const webhook = await add();
    const other = await add();
    const open = ['PENDING', 'IN_PROGRESS', 'FAILED_RETRY', 'HELD'];
    const columns = {
      next_retry_at: new Date(),
      expires_at: new Date(Date.now() + 3_600_000),
      claimed_until: new Date(Date.now() + 60_000),
    };
    const ended = ['DELIVERED', 'FAILED', 'DEAD_LETTER'];
    const ids = new Map<string, string>();
    for (const status of [...open, ...ended]) {
      const row = { ...webhook, status, columns: open.includes(status) ? columns : {} };
      ids.set(status, (await addDelivery(api.database, row)).deliveryId);
    }
    const foreign = await addDelivery(api.database, { ...other, status: 'PENDING' });
    expect((await remove(webhook)).status).toBe(204);
    for (const status of open) {
      expect(await deliveryState(api.database, ids.get(status) ?? '')).toMatchObject({
        status: 'CANCELLED',
        next_retry_at: null,
        expires_at: null,
        claimed_until: null,
      });
    }
    const { body } = await api.call('GET /v1/deliveries', { account: webhook.accountId });
    expect(body.data.map(({ status }) => status).sort()).toEqual(
      ['cancelled', 'cancelled', 'cancelled', 'cancelled', 'dead_letter', 'delivered', 'failed'].sort(),
    );
    const single = await api.call(`GET /v1/deliveries/${ids.get('DELIVERED')}`, { account: webhook.accountId });
    expect(single).toMatchObject({ status: 200, body: { status: 'delivered', payload: {} } });
    expect((await deliveryState(api.database, foreign.deliveryId)).status).toBe('PENDING');
  });

  it('cancels more than one statement may', async () => {
    const webhook = await add();
    await api.database.query(
      `INSERT INTO hook.deliveries (delivery_id, account_id, webhook_id, event_uuid, event_type, api_version, status,
                                    carrier, created_at, last_activity_at)
       SELECT hook.delivery_id(u, $2), $1, $2, u, 'a', 'v1', CASE WHEN n % 5 = 0 THEN 'PENDING' ELSE 'HELD' END, 'parked',
              now(), now()
         FROM generate_series(1, 25000) AS n,
              LATERAL (SELECT overlay(gen_random_uuid()::text PLACING left(hook.uuid_floor(now())::text, 13) FROM 1)::uuid
                          AS u WHERE n > 0) AS ids`,
      [webhook.accountId, webhook.webhookId],
    );
    expect((await remove(webhook)).status).toBe(204);
    const counts = await api.database.query(
      'SELECT status, count(*)::int AS count FROM hook.deliveries WHERE webhook_id = $1 GROUP BY status',
      [webhook.webhookId],
    );
    expect(counts).toEqual([{ status: 'CANCELLED', count: 25_000 }]);
  });

  it('makes room for another active one', async () => {
    const account = newAccount();
    const create = () => api.call('POST /v1/webhooks', { account, body: { url: 'https://receiver.example/' } });
    const first = await create();
    for (let made = 1; made < 10; made++) await create();
    expect((await create()).status).toBe(422);
    await api.call(`DELETE /v1/webhooks/${first.body.webhookId}`, { account });
    expect((await create()).status).toBe(201);
  });

  it('leaves another account’s deliveries alone, even under the same webhook id', async () => {
    const webhook = await add();
    const { deliveryId } = await addDelivery(api.database, { ...webhook, status: 'PENDING' });
    const stranger = await api.call(`DELETE /v1/webhooks/${webhook.webhookId}`, { account: newAccount() });
    expect(stranger.status).toBe(404);
    expect((await deliveryState(api.database, deliveryId)).status).toBe('PENDING');
  });
});
