import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookSecret } from '../secret/webhook-secret.ts';
import { livePrevious, type SecretsInForce } from './signing-key.ts';

const HEADER_PATTERN = /^sha256=([0-9a-f]{64})$/i;

/**
 * `sha256=<hex>` of `X-Webhook-Signature`: HMAC-SHA256 of the content, keyed with the UTF-8 bytes of the whole secret
 * text (`whsec_` included), as receivers of the original system compute it.
 * Source: design sections 4 and 10.
 */
export function bodySignature(secret: WebhookSecret, content: string | Buffer): string {
  return `sha256=${hmacOf(secret, content).toString('hex')}`;
}

/**
 * Whether a callback's `X-Webhook-Signature` was made with a secret in force, over the raw body (status callbacks) or
 * over the delivery id (reads). Hex in either case; compared in constant time, against both secrets whichever fits.
 * @param header the value as received; absent, empty or malformed ones are bad signatures.
 * Source: design sections 3 and 10.
 */
export function isBodySignature(props: {
  readonly header: string | undefined;
  readonly content: string | Buffer;
  readonly secrets: SecretsInForce;
  readonly nowMs: number;
}): boolean {
  const hex = HEADER_PATTERN.exec(props.header?.trim() ?? 'absent')?.[1];
  if (hex === undefined) return false;
  const given = Buffer.from(hex, 'hex');
  const previous = livePrevious(props.secrets, props.nowMs);
  const byCurrent = timingSafeEqual(given, hmacOf(props.secrets.current, props.content));
  const byPrevious = previous !== undefined && timingSafeEqual(given, hmacOf(previous, props.content));
  return byCurrent || byPrevious;
}

function hmacOf(secret: WebhookSecret, content: string | Buffer): Buffer {
  return createHmac('sha256', Buffer.from(secret.text, 'utf8')).update(content).digest();
}
