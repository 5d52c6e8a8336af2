import { notFound } from '../../domain/api-error/api-error.ts';
import { isUuid } from '../../domain/ids/uuid.ts';
import type { ApiRequest } from './api-request.ts';

/**
 * The `{id}` of a route, in lower case.
 * @throws ApiError NOT_FOUND when it is malformed: nothing has such an id.
 */
export function pathId({ path }: ApiRequest, what: string): string {
  const { id } = path;
  if (!isUuid(id)) throw notFound(what);
  return id.toLowerCase();
}
