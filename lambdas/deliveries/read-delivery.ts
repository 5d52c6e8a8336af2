import type { ApiRequest } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { notFound } from '../domain/api-error/api-error.ts';
import { isUuid } from '../domain/ids/uuid.ts';
import { type DeliveriesContext, RESUME_WAIT } from './deliveries-context.ts';
import { deliveryView } from './delivery-row.ts';
import { attemptView, readAttempts } from './select-attempts.ts';
import { deliveryQuery } from './select-deliveries.ts';
import { readPayload } from './select-payload.ts';

/** GET /v1/deliveries/{id}: with all attempts and the payload. */
export async function readDelivery({ database }: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  const { id } = request.path;
  if (id === undefined || !isUuid(id)) throw notFound('delivery');
  const { statement, parameters } = deliveryQuery(id, accountId);
  const [row] = await database.query(statement, parameters, RESUME_WAIT);
  if (row === undefined) throw notFound('delivery');
  const [attempts, payload] = await Promise.all([
    readAttempts(database, id, RESUME_WAIT),
    readPayload(database, row.eventUuid, RESUME_WAIT),
  ]);
  const head = JSON.stringify({ ...deliveryView(row), attempts: attempts.map(attemptView) });
  // The payload goes in as its own text: parse and stringify would change numbers like 1.0 and 12345678901234567890.
  return { status: 200, body: `${head.slice(0, -1)},"payload":${payload ?? 'null'}}` };
}
