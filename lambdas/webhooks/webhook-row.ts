import { z } from 'zod';
import { timestampSchema } from '../adapters/database/timestamp.ts';
import { SIGNING_ALGORITHMS } from '../domain/signature/signing-key.ts';
import { API_VERSIONS, WEBHOOK_MODES } from '../domain/webhook/webhook-request.ts';

/** A webhook as its row says; sealed secrets are not read where they are not needed. */
export const webhookRowSchema = z.object({
  webhookId: z.string(),
  accountId: z.string(),
  url: z.string(),
  description: z.string().nullable(),
  events: z.array(z.string()),
  isActive: z.boolean(),
  mode: z.enum(WEBHOOK_MODES),
  rateLimitPerSecond: z.number().nullable(),
  apiVersion: z.enum(API_VERSIONS),
  signingAlgorithm: z.enum(SIGNING_ALGORITHMS),
  publicKey: z.string().nullable(),
  disabledReason: z.string().nullable(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
});

export type WebhookRow = z.output<typeof webhookRowSchema>;

/** Columns of `hook.webhook_configs c` as one JSON object in the API's words. */
export const WEBHOOK_JSON = `json_build_object(
  'webhookId', c.webhook_id, 'accountId', c.account_id, 'url', c.url, 'description', c.description,
  'events', to_json(c.events), 'isActive', c.is_active, 'mode', c.mode, 'rateLimitPerSecond', c.rate_limit_per_second,
  'apiVersion', coalesce(c.api_version, 'v1'), 'signingAlgorithm', c.signing_algorithm, 'publicKey', c.public_key,
  'disabledReason', c.disabled_reason, 'createdAt', c.created_at, 'updatedAt', c.updated_at)::text`;

/** The webhook of the API: design section 10, small print. */
export function webhookView({ publicKey, ...webhook }: WebhookRow): Record<string, unknown> {
  const hasPublicKey = publicKey !== null && webhook.signingAlgorithm === 'ed25519';
  // No circuit opens yet: every webhook's is closed.
  return { ...webhook, ...(hasPublicKey ? { publicKey } : {}), circuit: 'closed' };
}
