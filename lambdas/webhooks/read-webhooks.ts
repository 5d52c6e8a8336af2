import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { notFound } from '../domain/api-error/api-error.ts';
import { parseRequest } from '../domain/api-error/validation.ts';
import { decodeCursor, pageOf } from '../domain/cursor/cursor.ts';
import { pageQuerySchema } from '../domain/cursor/page-query.ts';
import { isUuid } from '../domain/ids/uuid.ts';
import { selectWebhook, selectWebhooks } from './select-webhooks.ts';
import { type WebhookRow, webhookView } from './webhook-row.ts';
import { RESUME_WAIT, type WebhooksContext } from './webhooks-context.ts';

/** GET /v1/webhooks */
export async function listWebhooks({ database }: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  const { limit, cursor } = parseRequest(pageQuerySchema, request.query);
  const after = cursor === undefined ? null : decodeCursor(cursor);
  const rows = await database.query(selectWebhooks, { account: accountId, after, limit: limit + 1 }, RESUME_WAIT);
  const page = pageOf(rows, limit, ({ webhookId }) => webhookId);
  return { status: 200, body: { ...page, data: page.data.map(webhookView) } };
}

/** GET /v1/webhooks/{id} */
export async function readWebhook(context: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  return { status: 200, body: webhookView(await ownWebhook(context, accountId, request.path.id)) };
}

/** @throws ApiError NOT_FOUND alike for a malformed id, an unknown one, and another account's. */
export async function ownWebhook(
  { database }: WebhooksContext,
  accountId: string,
  id: string | undefined,
): Promise<WebhookRow> {
  if (id === undefined || !isUuid(id)) throw notFound('webhook');
  const [row] = await database.query(selectWebhook, { id, account: accountId }, RESUME_WAIT);
  if (row === undefined) throw notFound('webhook');
  return row;
}
