import { httpStatusOf } from '../sdk/sdk-error.ts';

/**
 * Whether an AWS service did not answer, or answered that it cannot now: a later try may succeed. What it refused (a
 * grant or a resource that is missing) is a fault of ours, and waiting mends none.
 */
export function isServiceAway(error: unknown): boolean {
  // The SDK puts `$metadata` on every error of a call, those of the network included.
  if (!(error instanceof Error) || !('$metadata' in error)) return false;
  const status = httpStatusOf(error);
  return status === undefined || status === 429 || status >= 500;
}
