import type { Statement } from '../adapters/database/database.ts';
import { WEBHOOK_JSON, type WebhookRow, webhookRowSchema } from './webhook-row.ts';

/**
 * Changes what `:change` has, and nothing else, so that two changes at the same time both take effect: the second waits
 * for the row and is applied to what the first one left. ed25519 and v1 exclude each other, and that was checked against
 * `:algorithm` and `:version`: no row back means that these two have changed since.
 * Rejected: writing the whole row under a version number, where changes of different fields refuse each other.
 * A given secret replaces at once, so the previous one of a rotation ends too. A signing key, once made, is kept.
 */
export const updateWebhook: Statement<WebhookRow> = {
  isRepeatable: true,
  row: webhookRowSchema,
  sql: `
    UPDATE hook.webhook_configs c
       SET url = coalesce(x.url, c.url),
           description = CASE WHEN x.has -> 'description' IS NULL THEN c.description ELSE x.description END,
           events = CASE WHEN x.events IS NULL THEN c.events ELSE ARRAY(SELECT jsonb_array_elements_text(x.events)) END,
           is_active = coalesce(x."isActive", c.is_active),
           -- Whoever sets isActive, to whichever value, decides for the owner: the platform's own reason is over.
           disabled_reason = CASE WHEN x."isActive" IS NULL THEN c.disabled_reason END,
           mode = coalesce(x.mode, c.mode),
           rate_limit_per_second = CASE WHEN x.has -> 'rateLimitPerSecond' IS NULL THEN c.rate_limit_per_second
                                        ELSE x."rateLimitPerSecond" END,
           api_version = coalesce(x."apiVersion", c.api_version),
           signing_algorithm = coalesce(x."signingAlgorithm", c.signing_algorithm),
           secret_enc = coalesce(x."secretEnc", c.secret_enc),
           previous_secret_enc = CASE WHEN x."secretEnc" IS NULL THEN c.previous_secret_enc END,
           previous_secret_expires_at = CASE WHEN x."secretEnc" IS NULL THEN c.previous_secret_expires_at END,
           signing_key_enc = coalesce(c.signing_key_enc, x."signingKeyEnc"),
           public_key = coalesce(c.public_key, x."publicKey"),
           updated_at = clock_timestamp()
      FROM (SELECT :change::text::jsonb AS has, r.*
              FROM jsonb_to_record(:change::text::jsonb) AS r(
                   url text, "secretEnc" text, description text, events jsonb, "isActive" boolean, mode text,
                   "rateLimitPerSecond" numeric, "apiVersion" text, "signingAlgorithm" text, "signingKeyEnc" text,
                   "publicKey" text)) x
     WHERE c.webhook_id = :id::uuid AND c.account_id = :account
       AND c.signing_algorithm = :algorithm AND coalesce(c.api_version, 'v1') = :version
    RETURNING ${WEBHOOK_JSON}`,
};
