import { ApiError } from '../../domain/api-error/api-error.ts';
import { parseJsonBody, refuseForbiddenCharacters } from '../../domain/api-error/json-body.ts';
import type { ApiRequest } from './api-request.ts';

/** Room for every request but events: the longest fields of a webhook together are some 17 KB. */
export const SMALL_BODY_BYTES = 65_536;

/**
 * The parsed body of a request; an empty one is `{}`.
 * @param maximumBytes before it is parsed.
 * @throws ApiError PAYLOAD_TOO_LARGE, or VALIDATION_ERROR when it is not JSON or holds what cannot be stored.
 */
export function jsonBody(request: ApiRequest, maximumBytes = SMALL_BODY_BYTES): unknown {
  const bytes = request.body();
  if (bytes.length > maximumBytes) {
    throw new ApiError('PAYLOAD_TOO_LARGE', `the body is ${bytes.length} bytes; at most ${maximumBytes} are taken`);
  }
  const { text, value } = parseJsonBody(bytes);
  refuseForbiddenCharacters(text);
  return value;
}
