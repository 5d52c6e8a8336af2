import { type ApiRequest, requireScope } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { pathId } from '../adapters/http-in/path-id.ts';
import { refuseQuery } from '../adapters/http-in/request-query.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { notFound } from '../domain/api-error/api-error.ts';
import type { DeliveriesContext } from './deliveries-context.ts';
import { deliveryView } from './delivery-row.ts';
import { readAttempts } from './read-attempts.ts';
import { deliveryQuery } from './select-deliveries.ts';
import { readPayload } from './select-payload.ts';

/** GET /v1/deliveries/{id}: with its attempts and the payload. */
export async function readDelivery(context: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  return read(context, request, request.caller().accountId);
}

/** GET /admin/webhooks/deliveries/{id}: of whichever account. */
export async function readAnyDelivery(context: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  requireScope(request.caller(), 'webhooks:admin');
  return read(context, request, undefined);
}

async function read(
  { database }: DeliveriesContext,
  request: ApiRequest,
  accountId: string | undefined,
): Promise<ApiResponse> {
  refuseQuery(request);
  const id = pathId(request, 'delivery');
  const { statement, parameters } = deliveryQuery(id, accountId);
  const [row] = await database.query(statement, parameters, RESUME_WAIT);
  if (row === undefined) throw notFound('delivery');
  const [{ texts, areAll }, payload = 'null'] = await Promise.all([
    readAttempts(database, id, RESUME_WAIT),
    readPayload(database, row.eventUuid, RESUME_WAIT),
  ]);
  const head = JSON.stringify({ ...deliveryView(row), ...(areAll ? {} : { hasOlderAttempts: true }) });
  // The payload goes in as its own text: parse and stringify would change numbers like 1.0 and 12345678901234567890.
  return { status: 200, body: `${head.slice(0, -1)},"attempts":[${texts.join()}],"payload":${payload}}` };
}
