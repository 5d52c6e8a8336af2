import { ApiError } from '../../domain/api-error/api-error.ts';
import { type JsonBody, parseJsonBody, refuseForbiddenCharacters } from '../../domain/api-error/json-body.ts';

/** Room for every request but events: the longest fields of a webhook together are under 10 KB. */
export const SMALL_BODY_BYTES = 65_536;

/**
 * @param maximumBytes of the request's body, before it is parsed.
 * @throws ApiError PAYLOAD_TOO_LARGE, or VALIDATION_ERROR when it is not JSON or holds what cannot be stored.
 */
export function jsonBody(bytes: Buffer, maximumBytes = SMALL_BODY_BYTES): JsonBody {
  if (bytes.length > maximumBytes) {
    throw new ApiError('PAYLOAD_TOO_LARGE', `the body is ${bytes.length} bytes; at most ${maximumBytes} are taken`);
  }
  const body = parseJsonBody(bytes);
  refuseForbiddenCharacters(body.text);
  return body;
}
