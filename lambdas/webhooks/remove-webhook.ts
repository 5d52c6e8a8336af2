import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { notFound } from '../domain/api-error/api-error.ts';
import { isUuid } from '../domain/ids/uuid.ts';
import { deleteWebhook } from './delete-webhook.ts';
import { RESUME_WAIT, type WebhooksContext } from './webhooks-context.ts';

/** DELETE /v1/webhooks/{id}: 204; its open deliveries are cancelled, its ended ones stay readable. */
export async function removeWebhook({ database }: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  const { id } = request.path;
  if (id === undefined || !isUuid(id)) throw notFound('webhook');
  const [result] = await database.query(deleteWebhook, { id, account: accountId }, RESUME_WAIT);
  if (result?.deleted !== 1) throw notFound('webhook');
  return { status: 204 };
}
