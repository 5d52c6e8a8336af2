import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { acceptedEventSchema } from '../../../lambdas/domain/messages/bus-entry.ts';
import { type ApiCall, newAccount, startTestApi, type TestApi } from '../../support/api.ts';

const LIMIT_BYTES = 204_800;

describe('POST /v1/events', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterEach(() => {
    for (const service of ['events', 'database', 'kms', 's3', 'sqs'] as const) api.faults.set(service, { mode: 'up' });
  });
  afterAll(() => api.stop());

  const publish = (body: unknown, call: ApiCall = {}) =>
    api.call('POST /v1/events', { scope: 'events:write', body, ...call });
  /** The one event of the newest bus entry. */
  const lastOnBus = () => {
    const envelope = JSON.parse(api.onBus.at(-1) ?? '{}');
    return { envelope, event: acceptedEventSchema.parse(envelope.detail.events[0]) };
  };
  const payloadOf = ({ payload, payloadEncoding }: { payload: string; payloadEncoding?: string | undefined }) =>
    payloadEncoding === undefined ? payload : gunzipSync(Buffer.from(payload, 'base64')).toString('utf8');

  it('puts the event on the bus and answers with its id', async () => {
    const account = newAccount();
    const startMs = Date.now();
    const { status, body } = await publish({ type: 'order.paid', data: { id: 1 } }, { account });
    expect([status, body]).toEqual([202, { eventId: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
    const { envelope, event } = lastOnBus();
    expect(envelope).toMatchObject({ source: 'tidegate.api', 'detail-type': 'order.paid' });
    expect(event).toEqual({
      eventUuid: body.eventId,
      accountId: account,
      type: 'order.paid',
      acceptedAt: expect.any(Number),
      payload: '{"id":1}',
    });
    expect(event.acceptedAt).toBeGreaterThanOrEqual(startMs);
    expect(Number.parseInt(body.eventId.replaceAll('-', '').slice(0, 12), 16)).toBe(event.acceptedAt);
  });

  it('answers with the caller’s own id, and hands on every field', async () => {
    const head = { eventId: 'order-7', objectType: 'order', objectId: '7', occurredAt: '2026-01-02T03:04:05Z' };
    const { status, body } = await publish({ ...head, type: 'order.paid', data: {} });
    expect([status, body]).toEqual([202, { eventId: 'order-7' }]);
    const { event } = lastOnBus();
    expect(event).toMatchObject(head);
    expect(event.eventUuid).not.toBe('order-7');
  });

  it.each([
    ['numbers', '{"a":1.0,"b":12345678901234567890,"c":-0,"d":1e400,"e":0.1000}'],
    ['names that come twice', '{"a":1,"a":2}'],
    ['white space', '{ "a" :\t[ 1 ,\r\n 2 ] }'],
    ['escapes', '{"a":"\\u00e9\\/\\ud83d\\ude00\\n"}'],
    ['characters of 2, 3 and 4 bytes', '{"é":"€😀"}'],
    ['characters that no queue takes', '{"\uffff":"\ufffe"}'],
    ['a prototype', '{"__proto__":{"a":1},"constructor":null}'],
    ['depth', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
  ])('keeps the bytes of data: %s', async (_, data) => {
    expect((await publish(`{"type":"a","data":${data}}`)).status).toBe(202);
    expect(payloadOf(lastOnBus().event)).toBe(data);
  });

  describe('at 204,800 bytes', () => {
    const bodyOf = (bytes: number, filler: string) => {
      const [head, tail] = ['{"type":"a","data":{"x":"', '"}}'];
      const room = bytes - Buffer.byteLength(head) - tail.length;
      const unit = Buffer.byteLength(filler);
      const text = head + filler.repeat(Math.floor(room / unit)) + 'x'.repeat(room % unit) + tail;
      expect(Buffer.byteLength(text)).toBe(bytes);
      return text;
    };
    const dense = (bytes: number) => {
      const [head, tail] = ['{"type":"a","data":{"x":[', '""]}}'];
      const room = bytes - head.length - tail.length;
      const text = head + '"",'.repeat(Math.floor(room / 3)) + ' '.repeat(room % 3) + tail;
      expect(Buffer.byteLength(text)).toBe(bytes);
      return text;
    };

    it.each([
      ['plain text', bodyOf(LIMIT_BYTES, 'x'), undefined],
      ['4-byte characters', bodyOf(LIMIT_BYTES, '😀'), undefined],
      // As a JSON string it would be over the 256 KB of an entry.
      ['nothing but quotes', dense(LIMIT_BYTES), 'gzip-base64'],
      ['escaped quotes', bodyOf(LIMIT_BYTES, '\\"'), 'gzip-base64'],
    ])('takes %s', async (_, body, encoding) => {
      expect((await publish(body)).status).toBe(202);
      const { event } = lastOnBus();
      expect(event.payloadEncoding).toBe(encoding);
      expect(payloadOf(event)).toBe(body.slice('{"type":"a","data":'.length, -1));
    });

    it('takes what gzip shrinks least', async () => {
      const noise = Array.from({ length: LIMIT_BYTES - 28 }, (_, index) => {
        const code = 32 + ((Math.imul(index + 1, 2_654_435_761) >>> 8) % 95);
        return code === 0x22 || code === 0x5c ? '\\"'[index % 2] : String.fromCharCode(code);
      }).join('');
      const data = JSON.stringify({ x: noise.replaceAll(/["\\]/g, '') });
      const padded = `{"type":"a","data":${data}}`.padEnd(LIMIT_BYTES, ' ');
      expect((await publish(padded)).status).toBe(202);
      expect(payloadOf(lastOnBus().event)).toBe(data);
    });

    it('refuses one byte more', async () => {
      const before = api.onBus.length;
      expect(await publish(bodyOf(LIMIT_BYTES + 1, 'x'))).toMatchObject({
        status: 413,
        body: { error: 'PAYLOAD_TOO_LARGE' },
      });
      expect(api.onBus).toHaveLength(before);
    });
  });

  it.each<[string, unknown, string | undefined]>([
    ['no type', { data: {} }, 'type'],
    ['no data', { type: 'a' }, 'data'],
    ['data that is a list', { type: 'a', data: [] }, 'data'],
    ['data that is null', { type: 'a', data: null }, 'data'],
    ['an empty body', undefined, 'type'],
    ['a type with a space', { type: 'a b', data: {} }, 'type'],
    ['a type with an empty word', { type: 'a..b', data: {} }, 'type'],
    ['a type of 129 characters', { type: 'a'.repeat(129), data: {} }, 'type'],
    ['webhook.test', { type: 'webhook.test', data: {} }, 'type'],
    ['webhook.disabled', { type: 'webhook.disabled', data: {} }, 'type'],
    ['webhook.recovered', { type: 'webhook.recovered', data: {} }, 'type'],
    ['delivery.dead_lettered', { type: 'delivery.dead_lettered', data: {} }, 'type'],
    ['addon.invoked', { type: 'addon.invoked', data: {} }, 'type'],
    ['an empty eventId', { type: 'a', data: {}, eventId: '' }, 'eventId'],
    ['an eventId of 129 characters', { type: 'a', data: {}, eventId: 'x'.repeat(129) }, 'eventId'],
    ['an eventId that is a number', { type: 'a', data: {}, eventId: 1 }, 'eventId'],
    ['a time without its zone', { type: 'a', data: {}, occurredAt: '2026-01-02T03:04:05' }, 'occurredAt'],
    ['an unknown field', { type: 'a', data: {}, webhookId: 'x' }, 'webhookId'],
    ['U+0000 in data', '{"type":"a","data":{"x":"\\u0000"}}', 'data'],
    ['a lone surrogate in data', '{"type":"a","data":{"x":"\\udc00"}}', 'data'],
    ['a lone surrogate elsewhere', '{"type":"a","eventId":"\\ud800","data":{}}', undefined],
    ['a list', [], undefined],
    ['no JSON', '{', undefined],
    ['no UTF-8', Buffer.from('{"type":"a","data":{"x":"\u00fc"}}', 'latin1'), undefined],
  ])('refuses %s', async (_, body, field) => {
    const before = api.onBus.length;
    const answer = await publish(body);
    expect([answer.status, answer.body]).toEqual([
      400,
      { error: 'VALIDATION_ERROR', message: expect.any(String), ...(field && { field }) },
    ]);
    expect(api.onBus).toHaveLength(before);
  });

  it('refuses a query', async () => {
    const body = { type: 'a', data: {} };
    const answer = await api.call('POST /v1/events?dryRun=true', { scope: 'events:write', body });
    expect(answer).toMatchObject({ status: 400, body: { field: 'dryRun' } });
  });

  describe('needs the scope events:write', () => {
    const event = { type: 'a', data: {} };
    it.each([undefined, '', 'webhooks:admin', 'events:writer', 'EVENTS:WRITE'])('and has %j', async (scope) => {
      const answer = await api.call('POST /v1/events', { body: event, ...(scope === undefined ? {} : { scope }) });
      expect(answer).toMatchObject({ status: 403, body: { error: 'FORBIDDEN' } });
    });
    it.each(['events:write', 'webhooks:admin events:write', '[webhooks:admin events:write]'])(
      'and has %j',
      async (scope) => {
        expect((await publish(event, { scope })).status).toBe(202);
      },
    );
    it('before the body is looked at', async () => {
      expect((await publish('{', { scope: '' })).status).toBe(403);
    });
  });

  it('goes on while everything but the bus is down', async () => {
    for (const service of ['database', 'kms', 's3', 'sqs'] as const) api.faults.set(service, { mode: 'down' });
    expect((await publish({ type: 'a', data: {} })).status).toBe(202);
  });

  it('says 503 with Retry-After when the bus is down, and why in the log', async () => {
    api.faults.set('events', { mode: 'down' });
    const { status, body, headers } = await publish({ type: 'a', data: {} });
    expect([status, body]).toEqual([503, { error: 'UNAVAILABLE', message: expect.any(String) }]);
    expect(headers).toMatchObject({ 'retry-after': '5' });
    const line = api.lines.findLast((text) => text.includes('api_request_failed'));
    expect(line).toContain('ServiceUnavailable');
  });
});
