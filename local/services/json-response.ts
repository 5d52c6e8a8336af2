/** Answers of the services that speak JSON (awsJson 1.0 and 1.1, restJson1). */
import type { ServiceError, ServiceResponse } from './service.ts';

const JSON_HEADERS = { 'content-type': 'application/x-amz-json-1.1' } as const;

export function jsonResponse(value: unknown, status = 200): ServiceResponse {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(value) };
}

/**
 * awsJson clients read the code from `__type`, restJson clients from `x-amzn-errortype`.
 * Source: Smithy, "AWS JSON 1.1 protocol" and "AWS restJson1 protocol", operation error serialization.
 */
export function jsonError(error: ServiceError): ServiceResponse {
  return {
    status: error.status,
    headers: { ...JSON_HEADERS, 'x-amzn-errortype': error.code },
    body: JSON.stringify({ __type: error.code, message: error.message }),
  };
}
