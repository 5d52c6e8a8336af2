import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { ed25519PairFrom } from '../domain/secret/ed25519-key.ts';
import type { WebhooksContext } from './webhooks-context.ts';

interface Owner {
  readonly accountId: string;
  readonly webhookId: string;
}

/** The secret as it is stored. */
export function sealSecret({ keyring }: WebhooksContext, owner: Owner, secret: string): Promise<string> {
  return keyring.seal({ accountId: owner.accountId, ownerId: owner.webhookId, purpose: 'secret' }, secret, RESUME_WAIT);
}

/** A new ed25519 pair of the webhook's own: the private half sealed, the public half as it is shown. */
export async function newSigningKey(
  { keyring, randomBytes }: WebhooksContext,
  owner: Owner,
): Promise<{ signingKeyEnc: string; publicKey: string }> {
  const pair = ed25519PairFrom(randomBytes(32));
  const place = { accountId: owner.accountId, ownerId: owner.webhookId, purpose: 'signing-key' } as const;
  return { signingKeyEnc: await keyring.seal(place, pair.secretKey, RESUME_WAIT), publicKey: pair.publicKey };
}
