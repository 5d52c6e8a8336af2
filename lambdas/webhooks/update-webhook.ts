import type { Statement } from '../adapters/database/database.ts';
import { WEBHOOK_JSON, type WebhookRow, webhookRowSchema } from './webhook-row.ts';

/**
 * Writes a changed webhook if it is still the one that the change was checked against (`version`): ed25519 and v1
 * exclude each other, so the check needs the whole row. No row back: somebody else was faster, read again.
 * A given secret replaces at once, so the previous one of a rotation ends too.
 */
export const updateWebhook: Statement<WebhookRow> = {
  // After a repeat the version no longer fits: the caller reads again and finds its own change.
  isRepeatable: true,
  row: webhookRowSchema,
  sql: `
    UPDATE hook.webhook_configs c
       SET url = x.url, description = x.description, events = ARRAY(SELECT jsonb_array_elements_text(x.events)),
           is_active = x."isActive", mode = x.mode, rate_limit_per_second = x."rateLimitPerSecond",
           api_version = x."apiVersion", signing_algorithm = x."signingAlgorithm",
           disabled_reason = x."disabledReason",
           secret_enc = coalesce(x."secretEnc", c.secret_enc),
           previous_secret_enc = CASE WHEN x."secretEnc" IS NULL THEN c.previous_secret_enc END,
           previous_secret_expires_at = CASE WHEN x."secretEnc" IS NULL THEN c.previous_secret_expires_at END,
           signing_key_enc = coalesce(x."signingKeyEnc", c.signing_key_enc),
           public_key = coalesce(x."publicKey", c.public_key),
           updated_at = clock_timestamp()
      FROM jsonb_to_record(:webhook::text::jsonb) AS x(
           url text, "secretEnc" text, description text, events jsonb, "isActive" boolean, mode text,
           "rateLimitPerSecond" numeric, "apiVersion" text, "signingAlgorithm" text, "signingKeyEnc" text,
           "publicKey" text, "disabledReason" text)
     WHERE c.webhook_id = :id::uuid AND c.account_id = :account AND c.updated_at::text = :version
    RETURNING ${WEBHOOK_JSON}`,
};
