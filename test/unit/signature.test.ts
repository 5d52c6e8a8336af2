import { createHmac, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { ed25519PairFrom, jwkOf, parseEd25519SecretKey } from '../../lambdas/domain/secret/ed25519-key.ts';
import { parseSecret, type WebhookSecret } from '../../lambdas/domain/secret/webhook-secret.ts';
import { bodySignature, isBodySignature } from '../../lambdas/domain/signature/body-signature.ts';
import { buildHeaders, type DeliveryHeadersProps } from '../../lambdas/domain/signature/delivery-headers.ts';
import { webhookSignature } from '../../lambdas/domain/signature/standard-webhooks.ts';

function secretOf(text: string): WebhookSecret {
  const parsed = parseSecret(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.secret;
}
const secret = secretOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
const other = secretOf('whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD');
const plain = secretOf('a plain sécret of mine');
const SVIX_SECRET = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const golden = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
};

// The verifiers of both packages read the wall clock (5 minutes of tolerance), so these headers are made now.
const props: DeliveryHeadersProps = {
  apiVersion: 'v2',
  deliveryId: '0192f3a4-0000-8000-8000-000000000001',
  webhookId: '0192f3a4-0000-7000-8000-000000000002',
  eventType: 'order.paid',
  body: Buffer.from('{"data":{"é":"😀"}}'),
  nowMs: Date.now(),
  secrets: { current: secret },
};

describe('webhook-signature', () => {
  it('is the published example for HMAC', () => {
    expect(webhookSignature(golden, [{ algorithm: 'HMAC-SHA256', key: secret.standardKey }])).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('is the published example for ed25519', () => {
    expect(webhookSignature(golden, [{ algorithm: 'ed25519', key: parseEd25519SecretKey(SVIX_SECRET) }])).toBe(
      'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    );
  });

  it.each([
    ['whsec_', secret, () => [new StandardWebhook(secret.text), new SvixWebhook(secret.text)]],
    ['plain', plain, () => [new StandardWebhook(plain.standardKey, { format: 'raw' })]],
  ])('of a %s secret satisfies the public verifiers, and no other body does', (_kind, current, verifiers) => {
    const headers = buildHeaders({ ...props, secrets: { current } });
    for (const verifier of verifiers()) {
      expect(verifier.verify(props.body.toString(), headers)).toEqual({ data: { é: '😀' } });
      expect(() => verifier.verify('{"data":{}}', headers)).toThrow('No matching signature');
    }
  });

  it('carries both signatures during a rotation, newest first, and one after it', () => {
    const rotating = { current: secret, previous: { secret: other, expiresAtMs: props.nowMs + 1 } };
    const headers = buildHeaders({ ...props, secrets: rotating });
    new StandardWebhook(secret.text).verify(props.body.toString(), headers);
    new StandardWebhook(other.text).verify(props.body.toString(), headers);
    const newestOnly = buildHeaders(props)['webhook-signature'];
    expect(headers['webhook-signature']?.split(' ')[0]).toBe(newestOnly);
    const after = { ...props, secrets: { ...rotating, previous: { secret: other, expiresAtMs: props.nowMs } } };
    expect(buildHeaders(after)['webhook-signature']).toBe(newestOnly);
  });

  it('of ed25519 verifies with the JWK of the pair, over id.timestamp.body', () => {
    const pair = ed25519PairFrom(Buffer.alloc(32, 5));
    const headers = buildHeaders({ ...props, ed25519Keys: [parseEd25519SecretKey(pair.secretKey)] });
    const [version, signature = ''] = (headers['webhook-signature'] ?? 'none').split(',');
    const signed = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${props.body}`);
    const key = createPublicKey({ key: { ...jwkOf(pair.publicKey) }, format: 'jwk' });
    expect(version).toBe('v1a');
    expect(verify(null, signed, key, Buffer.from(signature, 'base64'))).toBe(true);
  });

  it('of ed25519 is refused for v1', () => {
    const ed25519Keys = [parseEd25519SecretKey(SVIX_SECRET)];
    expect(() => buildHeaders({ ...props, apiVersion: 'v1', ed25519Keys })).toThrow(
      expect.objectContaining({ code: 'ED25519_NEEDS_V2' }),
    );
  });
});

describe('headers', () => {
  const nowMs = 1_790_000_000_999;
  const hex = (key: string) => createHmac('sha256', key).update(props.body).digest('hex');

  it('of v2 are the standard five', () => {
    expect(Object.keys(buildHeaders(props)).sort()).toEqual([
      'content-type',
      'user-agent',
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
    ]);
  });

  it('of v1 add its own, keyed with the whole secret text', () => {
    expect(buildHeaders({ ...props, apiVersion: 'v1', nowMs })).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'Tidegate/1',
      'webhook-id': props.deliveryId,
      'webhook-timestamp': '1790000000',
      'X-Webhook-Event': 'order.paid',
      'X-Webhook-Delivery-Id': props.deliveryId,
      'X-Webhook-Subscription-Id': props.webhookId,
      'X-Webhook-Timestamp': '1790000000',
      'X-Webhook-Signature': `sha256=${hex(secret.text)}`,
    });
  });

  it('of v1 stay with the previous secret until it expires', () => {
    const at = (ms: number) =>
      buildHeaders({
        ...props,
        apiVersion: 'v1',
        nowMs: ms,
        secrets: { current: secret, previous: { secret: other, expiresAtMs: nowMs } },
      })['X-Webhook-Signature'];
    expect(at(nowMs - 1)).toBe(`sha256=${hex(other.text)}`);
    expect(at(nowMs)).toBe(`sha256=${hex(secret.text)}`);
  });
});

describe('callback signature', () => {
  const content = Buffer.from('{"status":"completed"}');
  const nowMs = 1000;
  const secrets = { current: secret, previous: { secret: other, expiresAtMs: 1001 } };
  const check = (header: string | undefined, at = nowMs) => isBodySignature({ header, content, secrets, nowMs: at });

  it.each([secret, plain])('of $text is accepted in either case of hex, and only for its content', (current) => {
    const header = bodySignature(current, content);
    const mine = { secrets: { current }, nowMs };
    expect(isBodySignature({ ...mine, header, content })).toBe(true);
    expect(isBodySignature({ ...mine, header: `sha256=${header.slice(7).toUpperCase()}`, content })).toBe(true);
    expect(isBodySignature({ ...mine, header, content: Buffer.from('{}') })).toBe(false);
  });

  it('of the previous secret counts until it expires', () => {
    expect(check(bodySignature(other, content))).toBe(true);
    expect(check(bodySignature(other, content), 1001)).toBe(false);
    expect(check(bodySignature(secret, content), 1001)).toBe(true);
    expect(check(bodySignature(plain, content))).toBe(false);
  });

  it.each([
    undefined,
    '',
    'sha256=',
    'sha256',
    'sha1=00',
    `sha256=${'0'.repeat(63)}`,
    `sha256=${'g'.repeat(64)}`,
    `sha256=${'0'.repeat(64)}`,
  ])('is bad when it is %p', (header) => expect(check(header)).toBe(false));

  it('breaks with any flipped digit', () => {
    const good = bodySignature(secret, content);
    fc.assert(
      fc.property(fc.integer({ min: 7, max: 70 }), (at) => {
        const flipped = (Number.parseInt(good.charAt(at), 16) ^ 1).toString(16);
        expect(check(good.slice(0, at) + flipped + good.slice(at + 1))).toBe(false);
      }),
    );
  });
});
