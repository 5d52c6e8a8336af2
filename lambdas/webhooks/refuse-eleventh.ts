import { isDatabaseFault } from '../adapters/database/database-fault.ts';
import { ApiError } from '../domain/api-error/api-error.ts';
import { MAX_ACTIVE_WEBHOOKS } from '../domain/webhook/webhook-request.ts';

/** Raised by the trigger of V2, which holds the limit under concurrency. */
const LIMIT_SQLSTATE = 'TG010';

/** @throws ApiError MAX_WEBHOOKS_EXCEEDED when the write would make an eleventh active webhook. */
export async function refuseEleventh<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (cause) {
    if (!isDatabaseFault(cause) || cause.sqlState !== LIMIT_SQLSTATE) throw cause;
    throw new ApiError(
      'MAX_WEBHOOKS_EXCEEDED',
      `an account has at most ${MAX_ACTIVE_WEBHOOKS} active webhooks: delete one, or set one inactive`,
      { cause },
    );
  }
}
