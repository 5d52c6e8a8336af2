import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newAccount, startTestApi, type TestApi } from '../../support/api.ts';
import { addDelivery } from '../../support/api-deliveries.ts';

const URL = 'https://receiver.example/';
const CODES = [
  'VALIDATION_ERROR',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'MAX_WEBHOOKS_EXCEEDED',
  'UNAUTHORIZED',
];

/** Any text: empty, long, with U+0000, lone surrogates, and what SQL, JSON and URLs trip over. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    "'",
    '"',
    '\\',
    '%',
    '*',
    '__proto__',
    'null',
    '-1',
    '1e999',
    'v1',
    'ed25519',
    URL,
  ),
);
const anything = fc.oneof({ depthSize: 'small' }, text, fc.jsonValue(), fc.double(), fc.constant(undefined));
const member = <T>(good: fc.Arbitrary<T>) => fc.oneof({ arbitrary: good, weight: 15 }, anything);

const webhookBody = fc.record(
  {
    url: member(fc.oneof(fc.webUrl({ validSchemes: ['https'], withQueryParameters: true }), fc.constant(URL))),
    secret: member(fc.string({ minLength: 16, maxLength: 128 })),
    description: member(fc.option(fc.string({ maxLength: 255, unit: 'grapheme-ascii' }))),
    events: member(fc.array(fc.constantFrom('*', 'order.*', 'a.b', 'a', 'webhook.test'), { minLength: 1 })),
    isActive: member(fc.boolean()),
    mode: member(fc.constantFrom('deliver', 'hold')),
    rateLimitPerSecond: member(fc.option(fc.double({ min: 0.1, max: 1000 }))),
    apiVersion: member(fc.constantFrom('v1', 'v2', null)),
    signingAlgorithm: member(fc.constantFrom('HMAC-SHA256', 'ed25519')),
  },
  { requiredKeys: ['url'] },
);
const eventBody = fc.record(
  {
    type: member(fc.constantFrom('order.paid', 'a', 'webhook.test')),
    data: member(fc.dictionary(fc.string(), fc.jsonValue())),
    eventId: member(fc.string({ minLength: 1, maxLength: 128 })),
    objectType: member(fc.string({ minLength: 1 })),
    objectId: member(fc.string({ minLength: 1 })),
    occurredAt: member(fc.date({ noInvalidDate: true }).map((date) => date.toISOString())),
  },
  { requiredKeys: ['type', 'data'] },
);
const someBody = (good: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { arbitrary: good.map((body) => JSON.stringify(body) ?? ''), weight: 12 },
    { arbitrary: fc.dictionary(text, anything).map((body) => JSON.stringify(body)), weight: 1 },
    { arbitrary: text, weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
    { arbitrary: good.map((body) => Buffer.from(JSON.stringify(body) ?? '').subarray(0, -1)), weight: 1 },
    { arbitrary: fc.constant('['.repeat(60_000)), weight: 1 },
  );

const queryValue = fc.oneof(
  text,
  fc.integer().map(String),
  fc.uuid(),
  fc.constantFrom('failed', 'delivered,failed', 'order.paid', '2026-01-02T03:04:05Z', '9999-12-31T23:59:59Z', '20'),
  fc.uuid().map((id) => Buffer.from(id).toString('base64url')),
);
const QUERY_KEYS = ['limit', 'cursor', 'webhookId', 'eventType', 'status', 'since', 'until', 'accountId'] as const;
const queryKey = fc.oneof({ arbitrary: fc.constantFrom<string[]>(...QUERY_KEYS), weight: 9 }, text);
const query = fc
  .array(fc.tuple(queryKey, queryValue), { maxLength: 4 })
  .map((pairs) => pairs.map((pair) => pair.map((part) => encodeURIComponent(part.toWellFormed())).join('=')).join('&'));

const headers = fc.dictionary(
  fc.constantFrom('content-type', 'content-encoding', 'content-length', 'authorization', 'x-forwarded-for', 'accept'),
  fc.oneof(text, fc.constantFrom('application/json', 'text/plain', 'gzip', '0', '-1', 'application/octet-stream')),
);
const account = fc.oneof({ arbitrary: fc.constant('fuzz'), weight: 12 }, text, fc.constant(null));
const scope = fc.oneof({ arbitrary: fc.constant('webhooks:admin events:write'), weight: 5 }, text);

describe('no request', () => {
  let api: TestApi;
  const known: string[] = [];
  beforeAll(async () => {
    api = await startTestApi();
    for (const isActive of [true, false]) {
      const made = await api.call('POST /v1/webhooks', { account: 'fuzz', body: { url: URL, isActive } });
      known.push(made.body.webhookId);
      for (const status of ['DELIVERED', 'FAILED', 'PENDING', 'HELD', 'DEAD_LETTER']) {
        const row = { accountId: 'fuzz', webhookId: made.body.webhookId, status };
        known.push((await addDelivery(api.database, row)).deliveryId);
      }
    }
  });
  afterAll(() => api.stop());

  const segment = fc
    .oneof(
      { arbitrary: fc.nat().map((at) => known[at % known.length] ?? ''), weight: 6 },
      { arbitrary: fc.uuid(), weight: 1 },
      { arbitrary: text, weight: 2 },
    )
    // An empty segment, a slash or a question mark is another route of the gateway.
    .map((id) => encodeURIComponent(id.toWellFormed().replaceAll(/[/?]/g, '_') || '_'));

  it('of a thousand is a fault, and each refusal has its shape', async () => {
    const routes = Object.values(api.routeKeys).flat();
    const writes = routes.filter((route) => !route.startsWith('GET'));
    const statuses = new Map<number, number>();
    const request = fc.record({
      route: fc.constantFrom(...routes, ...writes, ...writes),
      id: segment,
      query: fc.oneof({ arbitrary: fc.constant(''), weight: 3 }, query),
      webhook: someBody(webhookBody),
      event: someBody(eventBody),
      headers: fc.oneof({ arbitrary: fc.constant({}), weight: 5 }, headers),
      account,
      scope,
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ route, id, query: asked, webhook, event, headers: sent, ...caller }) => {
        const target = route.replace('{id}', id) + (asked === '' ? '' : `?${asked}`);
        const body = route.startsWith('GET') ? undefined : route.endsWith('/v1/events') ? event : webhook;
        const { status, body: answer, headers: answered } = await api.call(target, { ...caller, headers: sent, body });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect(status).toBeLessThan(500);
        // What it makes, it goes on with: deletions take the first ones away.
        if (status === 201) known.push(answer.webhookId);
        if (status < 400) return;
        expect(answered).toMatchObject({ 'content-type': 'application/json' });
        expect(CODES).toContain(answer.error);
        expect(typeof answer.message).toBe('string');
        expect(Object.keys(answer).every((key) => ['error', 'message', 'field'].includes(key))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    // What is generated must reach behind the validation, too.
    for (const status of [200, 201, 202, 204, 400, 403, 404]) expect(statuses.get(status)).toBeGreaterThan(0);
  });

  it('of a hundred well-formed changes is refused as malformed, or lost', async () => {
    const owner = newAccount();
    const { body } = await api.call('POST /v1/webhooks', { account: owner, body: { url: URL, apiVersion: 'v2' } });
    const change = fc.record(
      {
        description: fc.option(fc.string({ maxLength: 120, unit: 'grapheme' })).filter((value) => isStorable(value)),
        events: fc.uniqueArray(fc.constantFrom('*', 'order.*', 'a.b', 'a'), { minLength: 1 }),
        mode: fc.constantFrom('deliver', 'hold'),
        isActive: fc.boolean(),
        rateLimitPerSecond: fc.option(fc.integer({ min: 1, max: 10_000 }).map((tenths) => tenths / 10)),
        signingAlgorithm: fc.constantFrom('HMAC-SHA256', 'ed25519'),
      },
      { requiredKeys: [] },
    );
    let expected: Record<string, unknown> = { ...body, secret: undefined };
    await fc.assert(
      fc.asyncProperty(change, async (fields) => {
        const target = `/v1/webhooks/${body.webhookId}`;
        expect((await api.call(`PUT ${target}`, { account: owner, body: fields })).status).toBe(200);
        expected = { ...expected, ...fields };
        const { publicKey: _key, updatedAt: _time, ...shown } = expected;
        expect((await api.call(`GET ${target}`, { account: owner })).body).toMatchObject(
          JSON.parse(JSON.stringify(shown)),
        );
      }),
      { numRuns: 100 },
    );
  });
});

function isStorable(value: string | null): boolean {
  return value === null || (value.isWellFormed() && !value.includes('\0') && value.length <= 255);
}
