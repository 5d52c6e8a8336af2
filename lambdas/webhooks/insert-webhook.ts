import type { Statement } from '../adapters/database/database.ts';
import { WEBHOOK_JSON, type WebhookRow, webhookRowSchema } from './webhook-row.ts';

/**
 * A new webhook. The id is the caller's, so a repeat after a broken connection meets its own row and returns it instead
 * of making a second one. The limit of ten is the trigger's: SQLSTATE TG010.
 */
export const insertWebhook: Statement<WebhookRow> = {
  isRepeatable: true,
  row: webhookRowSchema,
  sql: `
    INSERT INTO hook.webhook_configs AS c (
      webhook_id, account_id, url, secret_enc, description, events, is_active, mode, rate_limit_per_second, api_version,
      signing_algorithm, signing_key_enc, public_key)
    SELECT :id::uuid, :account, x.url, x."secretEnc", x.description,
           ARRAY(SELECT jsonb_array_elements_text(x.events)), x."isActive", x.mode, x."rateLimitPerSecond",
           x."apiVersion", x."signingAlgorithm", x."signingKeyEnc", x."publicKey"
      FROM jsonb_to_record(:webhook::text::jsonb) AS x(
           url text, "secretEnc" text, description text, events jsonb, "isActive" boolean, mode text,
           "rateLimitPerSecond" numeric, "apiVersion" text, "signingAlgorithm" text, "signingKeyEnc" text,
           "publicKey" text)
    ON CONFLICT (webhook_id) DO UPDATE SET webhook_id = excluded.webhook_id
    RETURNING ${WEBHOOK_JSON}`,
};
