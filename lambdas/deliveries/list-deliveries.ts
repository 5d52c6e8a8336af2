import { readInParts } from '../adapters/database/read-in-parts.ts';
import { type ApiRequest, requireScope } from '../adapters/http-in/api-request.ts';
import type { ApiResponse } from '../adapters/http-in/api-response.ts';
import { parseQuery } from '../adapters/http-in/request-query.ts';
import { RESUME_WAIT } from '../adapters/http-in/resume-wait.ts';
import { decodeCursor, pageOf } from '../domain/cursor/cursor.ts';
import {
  adminDeliveryQuerySchema,
  deadLetterQuerySchema,
  deliveryQuerySchema,
} from '../domain/delivery/delivery-query.ts';
import type { DeliveriesContext } from './deliveries-context.ts';
import { type DeliveryRow, deliveryView } from './delivery-row.ts';
import { type DeliveryFilter, deliveriesQuery } from './select-deliveries.ts';

interface PageRequest extends DeliveryFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** With a status message and an error of 1,024 characters, six bytes each as escapes, a row is some 14 KB. */
const ROWS_PER_CALL = 60;

/** GET /v1/deliveries: the account's own. */
export async function listDeliveries(context: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  const { accountId } = request.caller();
  const { status, ...query } = parseQuery(deliveryQuerySchema, request);
  return page(context, { ...query, accountId, statuses: status });
}

/** GET /admin/webhooks/deliveries: across accounts. */
export async function listAllDeliveries(context: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  requireScope(request.caller(), 'webhooks:admin');
  const { status, ...query } = parseQuery(adminDeliveryQuerySchema, request);
  return page(context, { ...query, statuses: status });
}

/** GET /admin/dead-letters: across accounts. */
export async function listDeadLetters(context: DeliveriesContext, request: ApiRequest): Promise<ApiResponse> {
  requireScope(request.caller(), 'webhooks:admin');
  const query = parseQuery(deadLetterQuerySchema, request);
  return page(context, { ...query, statuses: ['DEAD_LETTER'] });
}

async function page({ database }: DeliveriesContext, { limit, cursor, ...filter }: PageRequest): Promise<ApiResponse> {
  const start = cursor === undefined ? undefined : decodeCursor(cursor);
  const rows = await readInParts<DeliveryRow>({
    count: limit + 1,
    rowsPerCall: ROWS_PER_CALL,
    read: (count, last) => {
      const { statement, parameters } = deliveriesQuery({ ...filter, after: last?.deliveryId ?? start }, count);
      return database.query(statement, parameters, RESUME_WAIT);
    },
  });
  const found = pageOf(rows, limit, ({ deliveryId }) => deliveryId);
  return { status: 200, body: { ...found, data: found.data.map(deliveryView) } };
}
