import type { z } from 'zod';
import { ApiError } from './api-error.ts';

/**
 * What a schema makes of a request's body or query.
 * @throws ApiError VALIDATION_ERROR naming the first member at fault.
 */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw validationError(result.error.issues, input);
}

/**
 * The API's error for zod's issues: the first one, with its dotted path. An unknown member is named itself, a missing
 * one is called required instead of "received undefined".
 */
export function validationError(issues: readonly z.core.$ZodIssue[], input: unknown): ApiError {
  const [issue] = issues;
  if (issue === undefined) throw new RangeError('a failed parse has an issue');
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? 'unknown'] : issue.path;
  const field = path.length === 0 ? undefined : path.map(String).join('.');
  return new ApiError('VALIDATION_ERROR', messageOf(issue, field, input), { field });
}

function messageOf(issue: z.core.$ZodIssue, field: string | undefined, input: unknown): string {
  if (field === undefined) {
    return issue.code === 'invalid_type' ? 'the body must be a JSON object' : issue.message;
  }
  if (issue.code === 'unrecognized_keys') return `unknown field: ${field}`;
  if (issue.code !== 'custom' && valueAt(input, issue.path) === undefined) return `${field} is required`;
  return `${field}: ${issue.message}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
