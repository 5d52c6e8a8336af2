import { LOST_MARKER_AFTER_MS } from '../adapters/delivery-rows/lost-after.ts';
import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { jsonBody } from '../adapters/http-in/json-body.ts';
import { pathId } from '../adapters/http-in/path-id.ts';
import { refuseQuery } from '../adapters/http-in/request-query.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { ApiError, notFound } from '../domain/api-error/api-error.ts';
import { parseRequest } from '../domain/api-error/validation.ts';
import { retrySchema } from '../domain/delivery/delivery-query.ts';
import { statusWord } from '../domain/delivery-status/delivery-status.ts';
import { canRestart } from '../domain/delivery-status/transitions.ts';
import type { DeliverMessage } from '../domain/messages/delivery-message.ts';
import type { DeliveriesContext } from './deliveries-context.ts';
import { type Restart, restartDelivery } from './restart-delivery.ts';

/** An expiry is looked at once more a minute after it, when it is due for certain. */
const MINUTE_MS = 60_000;

/**
 * POST /v1/deliveries/{id}/retry: once more by hand, with the same delivery id. The markers are written before the row,
 * the message after it: should the message not get into the queue, the sweeper enqueues the row as lost.
 */
export async function retryDelivery(context: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  refuseQuery(request);
  parseRequest(retrySchema, jsonBody(request));
  const deliveryId = pathId(request, 'delivery');
  const nowMs = context.now();
  await context.controlBucket.markDue([
    nowMs + LOST_MARKER_AFTER_MS,
    nowMs + context.openTtlSeconds * 1000 + MINUTE_MS,
  ]);
  const parameters = { id: deliveryId, account: accountId, ttl: context.openTtlSeconds };
  const [restart] = await context.database.query(restartDelivery, parameters, RESUME_WAIT);
  if (restart === undefined) throw notFound('delivery');
  await enqueue(context, { deliveryId, webhookId: restart.webhookId, generation: generationOf(restart) });
  return { status: 202, body: { deliveryId, status: statusWord('PENDING') } };
}

/** @throws ApiError CONFLICT saying why the delivery was not restarted. */
function generationOf({ generation, status, hasWebhook }: Restart): number {
  if (generation !== null) return generation;
  if (!hasWebhook) throw new ApiError('CONFLICT', 'the webhook of this delivery was deleted');
  // The status is the one before the statement: it had ended, so another retry was faster.
  if (canRestart(status)) throw new ApiError('CONFLICT', 'the delivery is being retried already');
  throw new ApiError('CONFLICT', `the delivery is ${statusWord(status)}: only an ended one can be retried`);
}

interface Restarted {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly generation: number;
}

async function enqueue(context: DeliveriesContext, { deliveryId, webhookId, generation }: Restarted): Promise<void> {
  const message: DeliverMessage = { v: 1, kind: 'deliver', deliveryId, generation, hops: 0 };
  const [failure] = await context.queues.sendAll(context.retriesQueueUrl, [
    { body: JSON.stringify(message), groupId: webhookId },
  ]);
  if (failure !== undefined) context.log.warn('retry_not_enqueued', { deliveryId, code: failure.code });
}
