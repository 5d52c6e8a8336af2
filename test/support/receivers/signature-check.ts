/** Verifies requests as customers do: with the stock libraries, and with node:crypto where those know no ed25519. */
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import type { ReceivedRequest } from './receiver.ts';

type SignedRequest = Pick<ReceivedRequest, 'headers' | 'body'>;

/**
 * @param secret `whsec_…` as the API returned it.
 * @throws the library's own error when either of them refuses.
 */
export function verifyByLibraries({ headers, body }: SignedRequest, secret: string): void {
  const given = headers as Record<string, string>;
  new StandardWebhook(secret).verify(body.toString('utf8'), given);
  new SvixWebhook(secret).verify(body.toString('utf8'), given);
}

/** @param publicKey `whpk_` and base64 of the 32 raw bytes. */
export function isSignedByKey({ headers, body }: SignedRequest, publicKey: string): boolean {
  const [version, signature] = String(headers['webhook-signature']).split(',');
  if (version !== 'v1a' || signature === undefined) return false;
  const x = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]);
  return verify(null, signed, key, Buffer.from(signature, 'base64'));
}

/** `X-Webhook-Signature`: the whole secret text is the key, the body alone what is signed. */
export function bodySignature(body: Buffer, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
