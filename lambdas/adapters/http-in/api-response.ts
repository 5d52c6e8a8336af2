import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { ApiError } from '../../domain/api-error/api-error.ts';

/** `body` is sent as it is when it is text (already JSON), else as JSON; undefined sends none. */
export interface ApiResponse {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function toGateway(response: ApiResponse): APIGatewayProxyStructuredResultV2 {
  if (response.body === undefined) return { statusCode: response.status, headers: { ...response.headers } };
  const isText = typeof response.body === 'string';
  return {
    statusCode: response.status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...response.headers },
    body: isText ? (response.body as string) : JSON.stringify(response.body),
  };
}

/** The one mapping of errors to HTTP: `{ error, message, field? }`, with Retry-After where a later try may succeed. */
export function errorResponse(error: ApiError): ApiResponse {
  const { retryAfterSeconds } = error;
  return {
    status: error.status,
    body: error.toBody(),
    ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
  };
}
