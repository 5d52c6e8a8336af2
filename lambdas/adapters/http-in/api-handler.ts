import middy from '@middy/core';
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { ApiError } from '../../domain/api-error/api-error.ts';
import type { Log } from '../log/log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type ApiRequest, apiRequest, type GatewayEvent } from './api-request.ts';
import { type ApiResponse, errorResponse, toGateway } from './api-response.ts';
import type { Operation, Routes } from './bind-routes.ts';
import { isServiceAway } from './service-away.ts';

interface ApiHandlerProps {
  readonly routes: Routes;
  readonly accountClaim: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
}

export type ApiHandler = (event: GatewayEvent, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** How long a client should wait before it tries again after a fault of a service behind us. */
const RETRY_AFTER_FAULT_SECONDS = 5;

/**
 * A Lambda handler from a table of routes: picks the operation by route key (the gateway has matched the path already),
 * maps every error to its answer, and counts requests and their duration.
 */
export function apiHandler(props: ApiHandlerProps): ApiHandler {
  const { routes, accountClaim, now } = props;
  const route = async (event: GatewayEvent): Promise<APIGatewayProxyStructuredResultV2> => {
    const startedMs = now();
    const response = await answer(routes[event.routeKey], apiRequest(event, accountClaim, startedMs), event, props);
    props.metrics.apiRequest({ route: event.routeKey, status: response.status, durationMs: now() - startedMs });
    return toGateway(response);
  };
  return middy<GatewayEvent, APIGatewayProxyStructuredResultV2>().handler(route) as ApiHandler;
}

async function answer(
  operation: Operation | undefined,
  request: ApiRequest,
  event: GatewayEvent,
  { log }: ApiHandlerProps,
): Promise<ApiResponse> {
  try {
    if (operation === undefined) throw new ApiError('NOT_FOUND', 'There is no such route');
    return await operation(request);
  } catch (error) {
    const apiError = toApiError(error);
    if (apiError.status >= 500) {
      log.error('api_request_failed', { route: event.routeKey, requestId: event.requestContext.requestId, error });
    }
    return errorResponse(apiError);
  }
}

/** A service that is away is 503 with Retry-After: the client's request was fine. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isRetryableFault(error)) {
    return new ApiError('UNAVAILABLE', 'A service behind the API is away; try again', {
      cause: error,
      retryAfterSeconds: RETRY_AFTER_FAULT_SECONDS,
    });
  }
  return new ApiError('INTERNAL', 'Something went wrong on our side; it has been logged', { cause: error });
}

/** An adapter's own fault says whether trying again can help. */
function isRetryableFault(error: unknown): boolean {
  if (error instanceof Error && 'retryable' in error) return error.retryable === true;
  return isServiceAway(error);
}
