import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';
/** What stands before the 32 bytes of a seed in PKCS #8. Source: RFC 8410 section 7. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

export interface Ed25519Pair {
  /** `whsk_` + base64 of seed ‖ public key (64 bytes), as Svix writes it. Sealed before it is stored. */
  readonly secretKey: string;
  /** `whpk_` + base64 of the 32 raw bytes. */
  readonly publicKey: string;
}

export interface Ed25519Jwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA';
  /** RFC 7638 thumbprint: a new pair has a new id without anybody counting. */
  readonly kid: string;
}

/**
 * A webhook's own pair.
 * @param seed 32 random bytes, injected.
 * @throws RangeError when another number of bytes is given.
 */
export function ed25519PairFrom(seed: Buffer): Ed25519Pair {
  if (seed.length !== SEED_BYTES) throw new RangeError(`${SEED_BYTES} random bytes are needed`);
  const publicBytes = rawPublicKey(privateKeyFrom(seed));
  return {
    secretKey: PRIVATE_PREFIX + Buffer.concat([seed, publicBytes]).toString('base64'),
    publicKey: PUBLIC_PREFIX + publicBytes.toString('base64'),
  };
}

/**
 * The key object of `whsk_…` (64 bytes, or the 32 of the seed alone). Making one costs more than a signature: keep it
 * as long as the plain secret is kept.
 * @throws TypeError (code INVALID_KEY) when the text is no such key, or its public half is another's.
 */
export function parseEd25519SecretKey(secretKey: string): KeyObject {
  const bytes = decode(secretKey, PRIVATE_PREFIX);
  if (bytes.length !== SEED_BYTES && bytes.length !== 2 * SEED_BYTES) throw invalidKey();
  const key = privateKeyFrom(bytes.subarray(0, SEED_BYTES));
  if (bytes.length > SEED_BYTES && !rawPublicKey(key).equals(bytes.subarray(SEED_BYTES))) throw invalidKey();
  return key;
}

/**
 * JWK form of `whpk_…`, as served under `/.well-known/webhook-keys/{webhookId}`.
 * @throws TypeError (code INVALID_KEY) when the text is no such key.
 */
export function jwkOf(publicKey: string): Ed25519Jwk {
  const bytes = decode(publicKey, PUBLIC_PREFIX);
  if (bytes.length !== SEED_BYTES) throw invalidKey();
  const x = bytes.toString('base64url');
  const kid = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, use: 'sig', alg: 'EdDSA', kid };
}

/** JWKS document of a webhook's public keys, newest first. */
export function jwksOf(publicKeys: readonly string[]): { readonly keys: readonly Ed25519Jwk[] } {
  return { keys: publicKeys.map(jwkOf) };
}

function privateKeyFrom(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

function rawPublicKey(privateKey: KeyObject): Buffer {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (typeof x !== 'string') throw invalidKey();
  return Buffer.from(x, 'base64url');
}

function decode(text: string, prefix: string): Buffer {
  const encoded = text.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Buffer skips what is not base64: only a text that encodes back to itself is taken.
  if (!text.startsWith(prefix) || bytes.toString('base64') !== encoded) throw invalidKey();
  return bytes;
}

function invalidKey(): TypeError {
  return Object.assign(new TypeError('not an ed25519 key'), { code: 'INVALID_KEY' });
}
