import { createHmac, sign } from 'node:crypto';
import type { SigningKey } from './signing-key.ts';

export interface SignedMessage {
  /** `webhook-id`. */
  readonly id: string;
  /** `webhook-timestamp`, Unix seconds. */
  readonly timestampSeconds: number;
  /** The body exactly as sent. */
  readonly body: Buffer;
}

/**
 * Value of `webhook-signature`: one signature a key, in the order given (newest first), space separated.
 * `v1,` is base64 of HMAC-SHA256, `v1a,` of ed25519, both over `id.timestamp.body`.
 * Source: Standard Webhooks, "Signature scheme".
 */
export function webhookSignature(message: SignedMessage, keys: readonly SigningKey[]): string {
  const head = `${message.id}.${message.timestampSeconds}.`;
  return keys.map((key) => signatureBy(key, head, message.body)).join(' ');
}

function signatureBy(key: SigningKey, head: string, body: Buffer): string {
  if (key.algorithm === 'HMAC-SHA256') {
    return `v1,${createHmac('sha256', key.key).update(head).update(body).digest('base64')}`;
  }
  // ed25519 hashes the message twice, so node:crypto takes it whole, not in parts.
  return `v1a,${sign(null, Buffer.concat([Buffer.from(head), body]), key.key).toString('base64')}`;
}
