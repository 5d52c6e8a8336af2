import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { jsonBody } from '../adapters/http-in/json-body.ts';
import { ApiError, notFound } from '../domain/api-error/api-error.ts';
import { parseRequest } from '../domain/api-error/validation.ts';
import { retrySchema } from '../domain/delivery/delivery-query.ts';
import { statusWord } from '../domain/delivery-status/delivery-status.ts';
import { isUuid } from '../domain/ids/uuid.ts';
import type { DeliverMessage } from '../domain/messages/delivery-message.ts';
import { type DeliveriesContext, RESUME_WAIT } from './deliveries-context.ts';
import { type Restart, restartDelivery } from './restart-delivery.ts';

/** A row carried by a queue counts as lost 15 min past due: the marker must be there a minute later. */
const LOST_AFTER_MS = 16 * 60_000;

/**
 * POST /v1/deliveries/{id}/retry: once more by hand, with the same delivery id. The markers are written before the row,
 * the message after it: should the message not get into the queue, the sweeper enqueues the row as lost.
 */
export async function retryDelivery(context: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  parseRequest(retrySchema, jsonBody(request.bodyBytes).value);
  const { id } = request.path;
  if (id === undefined || !isUuid(id)) throw notFound('delivery');
  const deliveryId = id.toLowerCase();
  await context.controlBucket.markDue([
    context.now() + LOST_AFTER_MS,
    context.now() + context.openTtlSeconds * 1000 + 60_000,
  ]);
  const parameters = { id: deliveryId, account: accountId, ttl: context.openTtlSeconds };
  const [restart] = await context.database.query(restartDelivery, parameters, RESUME_WAIT);
  if (restart === undefined) throw notFound('delivery');
  await enqueue(context, deliveryId, { ...restart, generation: generationOf(restart) });
  return { status: 202, body: { deliveryId, status: statusWord('PENDING') } };
}

/** @throws ApiError CONFLICT saying why the delivery was not restarted. */
function generationOf({ generation, status, hasWebhook }: Restart): number {
  if (generation !== null) return generation;
  if (!hasWebhook) throw new ApiError('CONFLICT', 'the webhook of this delivery was deleted');
  throw new ApiError('CONFLICT', `the delivery is ${statusWord(status)}: only an ended one can be retried`);
}

async function enqueue(
  { queues, retriesQueueUrl }: DeliveriesContext,
  deliveryId: string,
  { webhookId, generation }: { webhookId: string; generation: number },
): Promise<void> {
  const message: DeliverMessage = { v: 1, kind: 'deliver', deliveryId, generation, hops: 0 };
  await queues.sendAll(retriesQueueUrl, [{ body: JSON.stringify(message), groupId: webhookId }]);
}
