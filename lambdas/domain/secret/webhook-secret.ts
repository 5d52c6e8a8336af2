import { hasForbiddenCharacters } from '../text/forbidden-characters.ts';

const PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes behind `whsec_`. Source: Standard Webhooks, "Signature scheme": 24 to 64 bytes. */
export const SECRET_MIN_BYTES = 24;
export const SECRET_MAX_BYTES = 64;
/** Characters of a plain secret. Source: design section 3. */
export const PLAIN_SECRET_MIN_CHARS = 16;
export const PLAIN_SECRET_MAX_CHARS = 128;
export const GENERATED_SECRET_BYTES = 32;

export interface WebhookSecret {
  /** The whole text as its owner knows it; its UTF-8 bytes key `X-Webhook-Signature` and callbacks. */
  readonly text: string;
  /** Key of `webhook-signature`: the decoded bytes behind `whsec_`, or the UTF-8 bytes of a plain secret. */
  readonly standardKey: Buffer;
}

export type SecretParse =
  | { readonly ok: true; readonly secret: WebhookSecret }
  | { readonly ok: false; readonly message: string };

/**
 * Reads a secret as given by its owner: `whsec_` + base64 of 24 to 64 bytes, or plain text of 16 to 128 characters.
 * A text that starts with `whsec_` is never taken for a plain one: a typo there would give receivers another key.
 * @returns the secret, or a message fit for the owner (it never repeats the secret).
 * Source: design sections 3 and 10.
 */
export function parseSecret(text: string): SecretParse {
  if (text.startsWith(PREFIX)) return parsePrefixed(text);
  if (text.startsWith('whsk_') || text.startsWith('whpk_')) {
    return refused('must be a symmetric secret: ed25519 keys are made by Tidegate');
  }
  if (text.length < PLAIN_SECRET_MIN_CHARS || text.length > PLAIN_SECRET_MAX_CHARS) {
    return refused(`must be whsec_… or ${PLAIN_SECRET_MIN_CHARS} to ${PLAIN_SECRET_MAX_CHARS} characters`);
  }
  if (hasForbiddenCharacters(text)) return refused('must not hold U+0000 or lone surrogates');
  return { ok: true, secret: { text, standardKey: Buffer.from(text, 'utf8') } };
}

/**
 * A new secret.
 * @param randomBytes32 32 random bytes, injected.
 * @throws RangeError when another number of bytes is given.
 */
export function generateSecret(randomBytes32: Buffer): string {
  if (randomBytes32.length !== GENERATED_SECRET_BYTES) {
    throw new RangeError(`${GENERATED_SECRET_BYTES} random bytes are needed`);
  }
  return PREFIX + randomBytes32.toString('base64');
}

function parsePrefixed(text: string): SecretParse {
  const encoded = text.slice(PREFIX.length);
  if (!BASE64.test(encoded)) return refused('must have padded base64 after whsec_');
  const standardKey = Buffer.from(encoded, 'base64');
  if (standardKey.length < SECRET_MIN_BYTES || standardKey.length > SECRET_MAX_BYTES) {
    return refused(`must have ${SECRET_MIN_BYTES} to ${SECRET_MAX_BYTES} bytes in base64 after whsec_`);
  }
  return { ok: true, secret: { text, standardKey } };
}

function refused(message: string): SecretParse {
  return { ok: false, message };
}
