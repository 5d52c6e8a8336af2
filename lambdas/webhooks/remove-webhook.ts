import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { pathId } from '../adapters/http-in/path-id.ts';
import { refuseQuery } from '../adapters/http-in/request-query.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { ApiError, notFound } from '../domain/api-error/api-error.ts';
import { deleteWebhook } from './delete-webhook.ts';
import type { WebhooksContext } from './webhooks-context.ts';

/** Deliveries cancelled by one statement: 0.5 s on two cores, far from the client's 15 s for a silent call. */
const CANCEL_LIMIT = 10_000;
/** A hold of days may leave a million open. What the function's 29 s do not suffice for, the next DELETE goes on with. */
const CANCEL_FOR_MS = 20_000;

/** DELETE /v1/webhooks/{id}: 204; its open deliveries are cancelled, its ended ones stay readable. */
export async function removeWebhook(context: WebhooksContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  refuseQuery(request);
  const parameters = { id: pathId(request, 'webhook'), account: accountId, limit: CANCEL_LIMIT };
  do {
    const [result] = await context.database.query(deleteWebhook, parameters, RESUME_WAIT);
    if (result?.isOwn !== true) throw notFound('webhook');
    if (result.isDeleted) return { status: 204 };
  } while (context.now() - request.receivedAtMs < CANCEL_FOR_MS);
  throw new ApiError('UNAVAILABLE', 'the webhook still has open deliveries to cancel: delete it again to go on', {
    retryAfterSeconds: 1,
  });
}
