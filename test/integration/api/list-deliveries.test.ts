import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiBody, newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { addDelivery, type DeliveryProps } from '../../support/api-deliveries.ts';

const STATUSES = ['PENDING', 'IN_PROGRESS', 'FAILED_RETRY', 'HELD', 'DELIVERED', 'FAILED', 'DEAD_LETTER', 'CANCELLED'];
const idsOf = (body: ApiBody) => body.data.map(({ deliveryId }) => deliveryId);
const ADMIN = { scope: 'webhooks:admin' };

describe('lists of deliveries', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const add = async (props: DeliveryProps) => (await addDelivery(api.database, props)).deliveryId;
  const list = (account: string, query = '') => api.call(`GET /v1/deliveries${query}`, { account });

  it('show a delivery in the words of the API', async () => {
    const accountId = newAccount();
    const webhookId = randomUUID();
    const time = '2026-01-02T03:04:05.678Z';
    const columns = {
      attempts: 2,
      status_percent: 40,
      status_message: 'half',
      next_retry_at: time,
      last_error: 'timeout',
      failure_reason: 'expired',
      delivered_at: time,
      last_activity_at: time,
      expires_at: time,
    };
    const { deliveryId } = await addDelivery(api.database, {
      accountId,
      webhookId,
      status: 'FAILED',
      eventKey: 'order-7',
      columns,
    });
    const { body } = await list(accountId);
    expect(body.data).toEqual([
      {
        deliveryId,
        accountId,
        webhookId,
        eventId: 'order-7',
        eventType: 'order.paid',
        apiVersion: 'v1',
        status: 'failed',
        statusPercent: 40,
        statusMessage: 'half',
        attemptCount: 2,
        nextRetryAt: time,
        lastError: 'timeout',
        failureReason: 'expired',
        createdAt: expect.stringMatching(/Z$/),
        deliveredAt: time,
        lastActivityAt: time,
        expiresAt: time,
      },
    ]);
  });

  it('show the event’s uuid where the caller gave no id', async () => {
    const accountId = newAccount();
    const { eventUuid } = await addDelivery(api.database, { accountId, webhookId: randomUUID() });
    expect((await list(accountId)).body.data[0]?.eventId).toBe(eventUuid);
  });

  describe('filter', () => {
    const accountId = newAccount();
    const [first, second, foreign] = [randomUUID(), randomUUID(), randomUUID()];
    const noon = Date.now() - 7_200_000;
    const iso = (timeMs: number) => encodeURIComponent(new Date(timeMs).toISOString());
    const ids: Record<string, string> = {};
    beforeAll(async () => {
      for (const [index, status] of STATUSES.entries()) {
        ids[status] = await add({
          accountId,
          webhookId: first,
          status,
          acceptedAtMs: noon + index * 1000,
          type: 'a.b',
        });
      }
      ids.other = await add({ accountId, webhookId: second, acceptedAtMs: noon, type: 'a' });
      ids.foreign = await add({ accountId: newAccount(), webhookId: foreign, acceptedAtMs: noon });
    });
    const found = async (query: string) => {
      const { status, body } = await list(accountId, query);
      expect(status).toBe(200);
      return idsOf(body).sort();
    };
    const named = (...names: string[]) => names.map((name) => ids[name]).sort();

    it('by nothing', async () => expect(await found('')).toEqual(named(...STATUSES, 'other')));
    it.each(STATUSES)('by status %s', async (status) => {
      const other = status === 'DELIVERED' ? ['other'] : [];
      expect(await found(`?status=${status.toLowerCase()}`)).toEqual(named(status, ...other));
    });
    it('by several statuses, in one word or by repeating the key', async () => {
      const expected = named('FAILED', 'DEAD_LETTER');
      expect(await found('?status=failed,dead_letter')).toEqual(expected);
      expect(await found('?status=failed&status=dead_letter')).toEqual(expected);
    });
    it('by webhook, in either case', async () => {
      expect(await found(`?webhookId=${second}`)).toEqual(named('other'));
      expect(await found(`?webhookId=${second.toUpperCase()}`)).toEqual(named('other'));
    });
    it('by another account’s webhook: nothing', async () => expect(await found(`?webhookId=${foreign}`)).toEqual([]));
    it('by type, whole', async () => {
      expect(await found('?eventType=a')).toEqual(named('other'));
      expect(await found('?eventType=a.b')).toEqual(named(...STATUSES));
    });
    it('by time, both ends included', async () => {
      const [start, end] = [iso(noon + 2000), iso(noon + 4000)];
      expect(await found(`?since=${start}`)).toEqual(named(...STATUSES.slice(2)));
      expect(await found(`?until=${start}`)).toEqual(named(...STATUSES.slice(0, 3), 'other'));
      expect(await found(`?since=${start}&until=${end}`)).toEqual(named(...STATUSES.slice(2, 5)));
      expect(await found(`?since=${end}&until=${start}`)).toEqual([]);
    });
    it('by a time in another zone', async () => {
      const shifted = new Date(noon + 2000 + 3_600_000).toISOString().replace('Z', '+01:00');
      expect(await found(`?since=${encodeURIComponent(shifted)}`)).toEqual(named(...STATUSES.slice(2)));
    });
    it('by times at the ends of the calendar', async () => {
      expect(await found('?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z')).toHaveLength(9);
      expect(await found('?since=9999-12-31T23:59:59Z')).toEqual([]);
      expect(await found('?until=0001-01-01T00:00:00Z')).toEqual([]);
    });
    it('by all at once', async () => {
      const query = `?webhookId=${first}&eventType=a.b&status=held,failed&since=${iso(noon)}&until=${iso(noon + 3000)}`;
      expect(await found(`${query}&limit=1`)).toEqual(named('HELD'));
    });
  });

  it.each([
    ['?status=DELIVERED', 'status'],
    ['?status=', 'status'],
    ['?status=failed,', 'status'],
    ['?webhookId=x', 'webhookId'],
    ['?eventType=a%20b', 'eventType'],
    [`?eventType=${'a'.repeat(129)}`, 'eventType'],
    ['?since=yesterday', 'since'],
    ['?until=2026-01-02', 'until'],
    ['?since=2026-01-02T03:04:05', 'since'],
    ['?accountId=x', 'accountId'],
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?cursor=x', 'cursor'],
    ['?eventType=%00', 'eventType'],
    ['?sort=asc', 'sort'],
  ])('refuse %s', async (query, field) => {
    expect(await list(newAccount(), query)).toMatchObject({ status: 400, body: { error: 'VALIDATION_ERROR', field } });
  });

  it('page newest first, across days, and newcomers shift nothing', async () => {
    const accountId = newAccount();
    const webhookId = randomUUID();
    const ids: string[] = [];
    for (let hours = 6; hours >= 0; hours--) {
      ids.unshift(await add({ accountId, webhookId, acceptedAtMs: Date.now() - hours * 3_600_000 }));
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '?limit=3' : `?limit=3&cursor=${cursor}`;
      const { body }: { body: ApiBody } = await list(accountId, query);
      seen.push(...idsOf(body));
      cursor = body.nextCursor;
      await add({ accountId, webhookId });
    } while (cursor !== null);
    expect(seen).toEqual(ids);
  });

  it('give 100 rows of the longest texts in one answer', async () => {
    const accountId = newAccount();
    const webhookId = randomUUID();
    const columns = { status_message: '\u0001'.repeat(1024), last_error: '😀'.repeat(1000) };
    for (let made = 0; made < 101; made++) await add({ accountId, webhookId, columns });
    const { status, body } = await list(accountId, '?limit=100');
    expect(status).toBe(200);
    expect(body.data).toHaveLength(100);
    expect(body.data[0]).toMatchObject({ statusMessage: columns.status_message, lastError: columns.last_error });
    expect(body.nextCursor).not.toBeNull();
  });

  describe('for administrators', () => {
    const [first, second] = [newAccount(), newAccount()];
    const webhookId = randomUUID();
    const ids: Record<string, string> = {};
    beforeAll(async () => {
      for (const status of STATUSES) ids[status] = await add({ accountId: first, webhookId, status });
      ids.second = await add({ accountId: second, webhookId: randomUUID(), status: 'DEAD_LETTER' });
    });
    const PATHS = ['/admin/webhooks/deliveries', '/admin/dead-letters'];

    it.each(PATHS)('%s needs the scope', async (path) => {
      for (const scope of [undefined, 'events:write', 'webhooks:administrator']) {
        const answer = await api.call(`GET ${path}?limit=0`, scope === undefined ? {} : { scope });
        expect(answer).toMatchObject({ status: 403, body: { error: 'FORBIDDEN' } });
      }
    });

    it('go across accounts, and name each', async () => {
      const { body } = await api.call('GET /admin/webhooks/deliveries?limit=100&status=dead_letter', ADMIN);
      expect(idsOf(body)).toEqual(expect.arrayContaining([ids.DEAD_LETTER, ids.second]));
      expect(new Set(body.data.map(({ accountId }) => accountId)).size).toBeGreaterThan(1);
    });

    it('filter by account, by webhook, and by an account that has nothing', async () => {
      const found = async (query: string) =>
        idsOf((await api.call(`GET /admin/webhooks/deliveries?${query}`, ADMIN)).body).sort();
      expect(await found(`accountId=${second}`)).toEqual([ids.second]);
      expect(await found(`webhookId=${webhookId}`)).toEqual(STATUSES.map((status) => ids[status]).sort());
      expect(await found(`webhookId=${webhookId}&accountId=${second}`)).toEqual([]);
      expect(await found('accountId=nobody')).toEqual([]);
    });

    it('of dead letters hold nothing else', async () => {
      const { body } = await api.call('GET /admin/dead-letters?limit=100', ADMIN);
      expect(new Set(body.data.map(({ status }) => status))).toEqual(new Set(['dead_letter']));
      expect(idsOf(body)).toEqual(expect.arrayContaining([ids.DEAD_LETTER, ids.second]));
      const own = await api.call(`GET /admin/dead-letters?accountId=${first}`, ADMIN);
      expect(idsOf(own.body)).toEqual([ids.DEAD_LETTER]);
    });

    it.each([
      ['/admin/dead-letters?status=failed', 'status'],
      ['/admin/dead-letters?accountId=', 'accountId'],
      ['/admin/dead-letters?accountId=%00', 'accountId'],
      ['/admin/webhooks/deliveries?accountId=a%00b', 'accountId'],
      ['/admin/webhooks/deliveries?account=x', 'account'],
    ])('refuse %s', async (target, field) => {
      expect(await api.call(`GET ${target}`, ADMIN)).toMatchObject({ status: 400, body: { field } });
    });
  });
});
