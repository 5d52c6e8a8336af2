import { readInParts } from '../adapters/database/read-in-parts.ts';
import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { pathId } from '../adapters/http-in/path-id.ts';
import { parseQuery, refuseQuery } from '../adapters/http-in/request-query.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { notFound } from '../domain/api-error/api-error.ts';
import { decodeCursor, pageOf } from '../domain/cursor/cursor.ts';
import { pageQuerySchema } from '../domain/cursor/page-query.ts';
import { selectWebhook, selectWebhooks } from './select-webhooks.ts';
import { type WebhookRow, webhookView } from './webhook-row.ts';
import type { WebhooksContext } from './webhooks-context.ts';

/** With 100 filters of 128 characters and a long URL a row is some 22 KB. */
const ROWS_PER_CALL = 40;

/** GET /v1/webhooks */
export async function listWebhooks({ database }: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  const { limit, cursor } = parseQuery(pageQuerySchema, request);
  const start = cursor === undefined ? null : decodeCursor(cursor);
  const rows = await readInParts<WebhookRow>({
    count: limit + 1,
    rowsPerCall: ROWS_PER_CALL,
    read: (count, last) => {
      const parameters = { account: accountId, after: last?.webhookId ?? start, limit: count };
      return database.query(selectWebhooks, parameters, RESUME_WAIT);
    },
  });
  const page = pageOf(rows, limit, ({ webhookId }) => webhookId);
  return { status: 200, body: { ...page, data: page.data.map(webhookView) } };
}

/** GET /v1/webhooks/{id} */
export async function readWebhook(context: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  refuseQuery(request);
  return { status: 200, body: webhookView(await ownWebhook(context, accountId, pathId(request, 'webhook'))) };
}

/** @throws ApiError NOT_FOUND alike for an unknown id and another account's. */
export async function ownWebhook(
  { database }: WebhooksContext,
  accountId: string,
  webhookId: string,
): Promise<WebhookRow> {
  const [row] = await database.query(selectWebhook, { id: webhookId, account: accountId }, RESUME_WAIT);
  if (row === undefined) throw notFound('webhook');
  return row;
}
