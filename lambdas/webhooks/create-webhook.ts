import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { jsonBody } from '../adapters/http-in/json-body.ts';
import { refuseQuery } from '../adapters/http-in/request-query.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { newEventUuid } from '../domain/ids/event-uuid.ts';
import { generateSecret } from '../domain/secret/webhook-secret.ts';
import { parseNewWebhook } from '../domain/webhook/webhook-change.ts';
import { insertWebhook } from './insert-webhook.ts';
import { refuseEleventh } from './refuse-eleventh.ts';
import { newSigningKey, sealSecret } from './seal-keys.ts';
import { webhookView } from './webhook-row.ts';
import type { WebhooksContext } from './webhooks-context.ts';

/** POST /v1/webhooks: 201 with the webhook; a generated secret is in this answer and in no other. */
export async function createWebhook(context: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  refuseQuery(request);
  const { secret: given, ...webhook } = parseNewWebhook(jsonBody(request), context.targets);
  const owner = { accountId, webhookId: newEventUuid(request.receivedAtMs, context.randomBytes(16)) };
  const secret = given ?? generateSecret(context.randomBytes(32));
  const secretEnc = await sealSecret(context, owner, secret);
  const signingKey = webhook.signingAlgorithm === 'ed25519' ? await newSigningKey(context, owner) : {};
  const parameters = {
    id: owner.webhookId,
    account: accountId,
    webhook: JSON.stringify({ ...webhook, secretEnc, ...signingKey }),
  };
  const [row] = await refuseEleventh(() => context.database.query(insertWebhook, parameters, RESUME_WAIT));
  if (row === undefined) throw new TypeError('INSERT … RETURNING gave no row');
  return {
    status: 201,
    headers: { location: `/v1/webhooks/${owner.webhookId}` },
    body: { ...webhookView(row), ...(given === undefined ? { secret } : {}) },
  };
}
