import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { type AttemptProps, addAttempt, addDelivery, type DeliveryProps } from '../../support/api-deliveries.ts';

/** What a Lambda answer may be, as JSON. Source: Lambda Developer Guide, "Lambda quotas". */
const LAMBDA_ANSWER_BYTES = 6 * 1024 * 1024;

describe('GET /v1/deliveries/{id}', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const add = async (props: Partial<DeliveryProps> = {}, attempts: readonly AttemptProps[] = []) => {
    const accountId = newAccount();
    const row = { accountId, webhookId: randomUUID(), ...props };
    const { deliveryId } = await addDelivery(api.database, row);
    for (const attempt of attempts) await addAttempt(api.database, deliveryId, attempt);
    return { accountId, deliveryId };
  };
  const read = ({ accountId, deliveryId }: { accountId: string; deliveryId: string }) =>
    api.call(`GET /v1/deliveries/${deliveryId}`, { account: accountId });

  it('gives what the list gives, its attempts and the payload', async () => {
    const delivery = await add({ payload: '{"id":7}' }, [{ attemptNumber: 1 }]);
    const { status, headers, body } = await read(delivery);
    const list = await api.call('GET /v1/deliveries', { account: delivery.accountId });
    expect([status, headers]).toEqual([200, { 'content-type': 'application/json', 'cache-control': 'no-store' }]);
    const { attempts, payload, ...head } = body;
    expect(head).toEqual(list.body.data[0]);
    expect(payload).toEqual({ id: 7 });
    expect(attempts).toEqual([
      {
        generation: 0,
        attemptNumber: 1,
        startedAt: '2026-01-02T03:04:05.678Z',
        durationMs: 12,
        httpStatus: 200,
        error: null,
        responseHeaders: [],
        responseBody: null,
        responseBodyEncoding: 'utf8',
      },
    ]);
  });

  it('reads an id in either case', async () => {
    const delivery = await add();
    expect((await read({ ...delivery, deliveryId: delivery.deliveryId.toUpperCase() })).status).toBe(200);
  });

  describe('keeps the bytes of the payload:', () => {
    it.each([
      ['numbers', '{"a":1.0,"b":12345678901234567890,"c":0.1000,"d":1e400}'],
      ['white space', '{ "a" :\t[1,\r\n 2] }'],
      ['names that come twice', '{"a":1,"a":2}'],
      ['escapes and quotes', '{"a":"\\u00e9\\"\\\\\\/"}'],
      ['200 KB of text', `{"a":"${'x'.repeat(204_000)}"}`],
      ['200 KB of 4-byte characters', `{"a":"${'😀'.repeat(51_000)}"}`],
      ['200 KB of quotes', `{"a":[${'"",'.repeat(68_000)}""]}`],
      ['200 KB of line ends', `{"a":1${'\n'.repeat(204_000)}}`],
    ])('%s', async (_, payload) => {
      const { text } = await read(await add({ payload }));
      expect(text.endsWith(`,"payload":${payload}}`)).toBe(true);
      expect(Buffer.byteLength(JSON.stringify({ body: text }))).toBeLessThan(LAMBDA_ANSWER_BYTES);
    });
  });

  it('has payload null when the event is gone', async () => {
    const { accountId, deliveryId } = await add();
    await api.database.query('DELETE FROM hook.events WHERE account_id = $1', [accountId]);
    expect((await read({ accountId, deliveryId })).body).toMatchObject({ payload: null });
  });

  describe('shows a response body', () => {
    it.each<[string, Buffer, string, string]>([
      ['of text', Buffer.from('gr\u00fc\u00df\n"dich"'), 'gr\u00fc\u00df\n"dich"', 'utf8'],
      ['that is empty', Buffer.alloc(0), '', 'utf8'],
      ['with U+0000', Buffer.from('a\0b'), 'a\0b', 'utf8'],
      ['with a byte order mark', Buffer.from('\ufeffx'), '\ufeffx', 'utf8'],
      ['of bytes', Buffer.from([0xff, 0x00, 0xfe]), '/wD+', 'base64'],
      ['with a cut character', Buffer.from('ü').subarray(0, 1), 'ww==', 'base64'],
    ])('%s', async (_, responseBody, shown, encoding) => {
      const { body } = await read(await add({}, [{ attemptNumber: 1, responseBody }]));
      expect(body.attempts).toEqual([expect.objectContaining({ responseBody: shown, responseBodyEncoding: encoding })]);
    });
  });

  it('shows headers in order, with repeats', async () => {
    const responseHeaders = [
      ['Set-Cookie', 'a'],
      ['set-cookie', '"b"'],
    ] as const;
    const { body } = await read(await add({}, [{ attemptNumber: 1, responseHeaders }]));
    expect(body.attempts[0]).toMatchObject({ responseHeaders });
  });

  it('shows an attempt that had no answer', async () => {
    const { body } = await read(await add({}, [{ attemptNumber: 1, httpStatus: null, error: 'timeout' }]));
    expect(body.attempts[0]).toMatchObject({ httpStatus: null, error: 'timeout' });
  });

  it('shows more than 40 attempts of several generations, oldest first', async () => {
    const attempts = Array.from({ length: 43 }, (_, index) => ({
      generation: Math.floor(index / 6),
      attemptNumber: (index % 6) + 1,
    }));
    const { body } = await read(await add({}, [...attempts].reverse()));
    expect(body.attempts).toEqual(attempts.map((attempt) => expect.objectContaining(attempt)));
    expect(body).not.toHaveProperty('hasOlderAttempts');
  });

  it.each<[string, AttemptProps]>([
    ['the largest body', { attemptNumber: 1, responseBody: randomBytes(16_384) }],
    ['a body of control characters', { attemptNumber: 1, responseBody: Buffer.alloc(16_384, 1) }],
    ['headers of quotes', { attemptNumber: 1, responseHeaders: [['x', '"'.repeat(14_990)]] }],
    ['headers too long to read', { attemptNumber: 1, responseHeaders: [['x', '\ufffd'.repeat(16_000)]] }],
  ])('fits the Data API and Lambda, with 19 times %s', async (_, attempt) => {
    const attempts = Array.from({ length: 19 }, (__, generation) => ({
      responseBody: randomBytes(16_384),
      ...attempt,
      error: '\u0001'.repeat(1024),
      generation,
    }));
    const { status, text, body } = await read(await add({}, attempts));
    expect(status).toBe(200);
    expect(body.attempts).toHaveLength(19);
    expect(Buffer.byteLength(JSON.stringify({ body: text }))).toBeLessThan(LAMBDA_ANSWER_BYTES);
  });

  it('keeps the newest attempts when all would be too much for one answer, and says so', async () => {
    const attempts = Array.from({ length: 60 }, (_, generation) => ({
      generation,
      attemptNumber: 1,
      responseBody: Buffer.alloc(16_384, 1),
    }));
    const { text, body } = await read(await add({}, attempts));
    expect(body.hasOlderAttempts).toBe(true);
    expect(body.attempts.at(-1)).toMatchObject({ generation: 59 });
    expect(body.attempts.length).toBeGreaterThan(15);
    expect(body.attempts.length).toBeLessThan(60);
    expect(Buffer.byteLength(JSON.stringify({ body: text }))).toBeLessThan(LAMBDA_ANSWER_BYTES);
  });

  it('refuses a query', async () => {
    const { accountId, deliveryId } = await add();
    const answer = await api.call(`GET /v1/deliveries/${deliveryId}?attempts=1`, { account: accountId });
    expect(answer).toMatchObject({ status: 400, body: { field: 'attempts' } });
  });

  describe('for administrators', () => {
    it('is of any account', async () => {
      const { deliveryId, accountId } = await add({ payload: '{"n":1.0}' });
      const target = `GET /admin/webhooks/deliveries/${deliveryId}`;
      const answer = await api.call(target, { scope: 'webhooks:admin' });
      expect(answer).toMatchObject({ status: 200, body: { deliveryId, accountId } });
      expect(answer.text).toContain('"payload":{"n":1.0}');
      expect(await api.call(target)).toMatchObject({ status: 403, body: { error: 'FORBIDDEN' } });
      const unknown = await api.call(`GET /admin/webhooks/deliveries/${randomUUID()}`, { scope: 'webhooks:admin' });
      expect(unknown.status).toBe(404);
    });
  });
});
