import { bindRoutes, type Routes } from '../adapters/http-in/bind-routes.ts';
import { changeWebhook } from './change-webhook.ts';
import { createWebhook } from './create-webhook.ts';
import { listWebhooks, readWebhook } from './read-webhooks.ts';
import { removeWebhook } from './remove-webhook.ts';
import type { WebhooksContext } from './webhooks-context.ts';

export function webhookRoutes(context: WebhooksContext): Routes {
  return bindRoutes(context, {
    'POST /v1/webhooks': createWebhook,
    'GET /v1/webhooks': listWebhooks,
    'GET /v1/webhooks/{id}': readWebhook,
    'PUT /v1/webhooks/{id}': changeWebhook,
    'DELETE /v1/webhooks/{id}': removeWebhook,
  });
}
