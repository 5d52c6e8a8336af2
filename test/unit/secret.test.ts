import { createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { ed25519PairFrom, jwkOf, jwksOf, parseEd25519SecretKey } from '../../lambdas/domain/secret/ed25519-key.ts';
import { generateSecret, parseSecret } from '../../lambdas/domain/secret/webhook-secret.ts';

/** The pair that Svix documents for its `svix-server asymmetric-key generate`. */
const SVIX_SECRET = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const SVIX_PUBLIC = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
const seedOf = (secretKey: string) => Buffer.from(secretKey.slice(5), 'base64').subarray(0, 32);
const base64 = (bytes: number) => Buffer.alloc(bytes, 0xfb).toString('base64');

describe('webhook secret', () => {
  it('takes 24 to 64 bytes behind whsec_ and keys with the decoded ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
        const text = `whsec_${Buffer.from(bytes).toString('base64')}`;
        expect(parseSecret(text)).toEqual({ ok: true, secret: { text, standardKey: Buffer.from(bytes) } });
      }),
    );
  });

  it.each(['x'.repeat(16), 'é'.repeat(128), 'WHSEC_not-the-prefix', 'plain secret with spaces'])(
    'takes %p as plain',
    (text) => {
      expect(parseSecret(text)).toEqual({ ok: true, secret: { text, standardKey: Buffer.from(text, 'utf8') } });
    },
  );

  it.each([
    '',
    'x'.repeat(15),
    'x'.repeat(129),
    'whsec_',
    `whsec_${base64(23)}`,
    `whsec_${base64(65)}`,
    `whsec_${base64(32).replace('=', '')}`,
    `whsec_${base64(32).replaceAll('/', '_').replaceAll('+', '-')}`,
    `whsec_ ${base64(33)}`,
    'whsec_a-plain-looking-secret',
    SVIX_SECRET,
    SVIX_PUBLIC,
    `${'x'.repeat(16)}\0`,
    `${'x'.repeat(16)}\ud800`,
  ])('refuses %p without repeating it', (text) => {
    const parsed = parseSecret(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok && text.length > 8) expect(parsed.message).not.toContain(text);
  });

  it('generates 32 bytes', () => {
    const secret = generateSecret(Buffer.alloc(32, 9));
    expect(parseSecret(secret)).toMatchObject({ ok: true, secret: { standardKey: Buffer.alloc(32, 9) } });
    expect(() => generateSecret(Buffer.alloc(24))).toThrow(RangeError);
  });
});

describe('ed25519 pair', () => {
  it('is the one Svix makes of the same seed', () => {
    expect(ed25519PairFrom(seedOf(SVIX_SECRET))).toEqual({ secretKey: SVIX_SECRET, publicKey: SVIX_PUBLIC });
  });

  it('signs what its JWK verifies', async () => {
    const pair = ed25519PairFrom(Buffer.alloc(32, 3));
    const jwk = jwkOf(pair.publicKey);
    const signature = sign(null, Buffer.from('text'), parseEd25519SecretKey(pair.secretKey));
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    expect(verify(null, Buffer.from('text'), key, signature)).toBe(true);
    expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk));
    expect(jwksOf([pair.publicKey])).toEqual({ keys: [jwk] });
  });

  it('reads the seed alone too', () => {
    const seedOnly = `whsk_${seedOf(SVIX_SECRET).toString('base64')}`;
    expect(parseEd25519SecretKey(seedOnly).equals(parseEd25519SecretKey(SVIX_SECRET))).toBe(true);
  });

  it.each([
    'whsk_',
    SVIX_PUBLIC,
    SVIX_SECRET.slice(0, -6),
    SVIX_SECRET.replace('Kvg==', 'Kvw=='),
    'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlaaaaaaaaaaAJ6p9lMicMFs6Kvg==',
  ])('refuses %p', (text) => {
    expect(() => parseEd25519SecretKey(text)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
  });

  it('refuses a public key that is none, and a short seed', () => {
    expect(() => jwkOf(SVIX_SECRET)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
    expect(() => jwkOf('whpk_AAAA')).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
    expect(() => ed25519PairFrom(Buffer.alloc(31))).toThrow(RangeError);
  });
});
