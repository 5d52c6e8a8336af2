import type { ApiRequest } from './api-request.ts';
import type { ApiResponse } from './api-response.ts';

/** One route's work. Expected refusals are thrown as ApiError; anything else thrown is a fault of ours or of AWS. */
export type Operation = (request: ApiRequest) => Promise<ApiResponse>;

/** By the gateway's route key: `GET /v1/webhooks/{id}`. */
export type Routes = Readonly<Record<string, Operation>>;

/** What a function works with, given to each of its operations. */
export function bindRoutes<Context>(
  context: Context,
  operations: Readonly<Record<string, (context: Context, request: ApiRequest) => Promise<ApiResponse>>>,
): Routes {
  const bound = Object.entries(operations).map(([routeKey, operation]): [string, Operation] => [
    routeKey,
    (request) => operation(context, request),
  ]);
  return Object.fromEntries(bound);
}
