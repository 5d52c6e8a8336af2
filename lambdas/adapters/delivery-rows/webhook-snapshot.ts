import { z } from 'zod';
import { type WebhookSnapshot, webhookSnapshotSchema } from '../../domain/messages/delivery-message.ts';

/**
 * A webhook's configuration as rows give it, from `hook.webhook_configs c` and, left-joined, `hook.account_keys k`.
 * `wrappedKey` is null when the account's key was shredded: then nothing of its secrets opens any more.
 */
export const SNAPSHOT_JSON = `
  json_build_object(
    'url', c.url,
    'secretEnc', c.secret_enc,
    'previousSecretEnc', c.previous_secret_enc,
    'previousSecretExpiresAt', to_char(c.previous_secret_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'signingAlgorithm', c.signing_algorithm,
    'signingKeyEnc', c.signing_key_enc,
    'wrappedKey', k.wrapped_key,
    'rateLimitPerSecond', c.rate_limit_per_second)`;

export const snapshotRowSchema = webhookSnapshotSchema
  .omit({ readAt: true })
  .extend({ wrappedKey: z.string().nullable() });

export type SnapshotRow = z.output<typeof snapshotRowSchema>;

/** @param readAt Unix ms from before the read: the snapshot must not look younger than it is. */
export function toSnapshot(row: SnapshotRow, readAt: number): WebhookSnapshot | undefined {
  const { wrappedKey } = row;
  return wrappedKey === null ? undefined : { ...row, wrappedKey, readAt };
}
