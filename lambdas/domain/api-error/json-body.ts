import { hasForbiddenJsonCharacters } from '../text/forbidden-characters.ts';
import { ApiError } from './api-error.ts';

/** A byte order mark is kept, so that JSON.parse refuses it: receivers would get it in front of their body. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface JsonBody {
  /** The text as sent; slices of it are the payloads. */
  readonly text: string;
  readonly value: unknown;
}

/**
 * A request's body. An empty one is `{}`.
 * @throws ApiError VALIDATION_ERROR when it is not UTF-8 or not JSON.
 * Source: design section 10.
 */
export function parseJsonBody(bytes: Uint8Array): JsonBody {
  if (bytes.length === 0) return { text: '{}', value: {} };
  const text = decodeUtf8(bytes);
  try {
    const value: unknown = JSON.parse(text);
    return { text, value };
  } catch (cause) {
    throw new ApiError('VALIDATION_ERROR', 'the body is not valid JSON', { cause });
  }
}

/**
 * @throws ApiError VALIDATION_ERROR when a JSON text holds U+0000 or a lone surrogate: PostgreSQL stores neither.
 * Source: design section 1.
 */
export function refuseForbiddenCharacters(json: string): void {
  if (hasForbiddenJsonCharacters(json)) {
    throw new ApiError('VALIDATION_ERROR', 'U+0000 and lone surrogates cannot be stored');
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new ApiError('VALIDATION_ERROR', 'the body is not valid UTF-8', { cause });
  }
}
