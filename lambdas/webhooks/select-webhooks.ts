import type { Statement } from '../adapters/database/database.ts';
import { WEBHOOK_JSON, type WebhookRow, webhookRowSchema } from './webhook-row.ts';

/** One of an account's webhooks; another account's is not there. */
export const selectWebhook: Statement<WebhookRow> = {
  isRepeatable: true,
  row: webhookRowSchema,
  sql: `SELECT ${WEBHOOK_JSON} FROM hook.webhook_configs c WHERE c.webhook_id = :id::uuid AND c.account_id = :account`,
};

/** A page, newest first: the ids are UUIDv7, so their order is that of creation. */
export const selectWebhooks: Statement<WebhookRow> = {
  isRepeatable: true,
  row: webhookRowSchema,
  sql: `
    SELECT ${WEBHOOK_JSON}
      FROM hook.webhook_configs c
     WHERE c.account_id = :account AND (:after::uuid IS NULL OR c.webhook_id < :after::uuid)
     ORDER BY c.webhook_id DESC
     LIMIT :limit`,
};
