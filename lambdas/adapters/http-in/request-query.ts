import type { z } from 'zod';
import { invalidField } from '../../domain/api-error/api-error.ts';
import { parseRequest } from '../../domain/api-error/validation.ts';
import { hasForbiddenCharacters } from '../../domain/text/forbidden-characters.ts';
import type { ApiRequest } from './api-request.ts';

/**
 * The query of a list.
 * @throws ApiError VALIDATION_ERROR naming the key, also of a value that PostgreSQL could not take.
 */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, { query }: ApiRequest): z.output<Schema> {
  for (const [key, value] of Object.entries(query)) {
    if (hasForbiddenCharacters(value)) throw invalidField(key, `${key} must not hold U+0000 or lone surrogates`);
  }
  return parseRequest(schema, query);
}

/**
 * For a route that takes no query: a misspelt path of a list must not look as if its filters had been heard.
 * @throws ApiError VALIDATION_ERROR naming the first key.
 */
export function refuseQuery({ query }: ApiRequest): void {
  const [key] = Object.keys(query);
  if (key !== undefined) throw invalidField(key, `unknown query key: ${key}`);
}
