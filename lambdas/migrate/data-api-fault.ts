import { errorCode, errorName, httpStatusOf } from '../adapters/sdk/sdk-error.ts';
import { DatabaseFault } from './migration-database.ts';

/**
 * Faults of the moment. A cluster that scaled to nothing answers DatabaseResumingException for about 15 s, longer after
 * a day of sleep (AuroraUserGuide data-api.troubleshooting); one just made answers the others of this list.
 */
const PASSING = new Set([
  'DatabaseResumingException',
  'DatabaseUnavailableException',
  'HttpEndpointNotEnabledException',
  'InternalServerErrorException',
  'InvalidResourceStateException',
  'ServiceUnavailableError',
  'StatementTimeoutException',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionNotFoundException',
]);

/** A lock not had, a deadlock, a serialization failure, no connection left, a server that is stopping or starting. */
const PASSING_STATES = new Set(['55P03', '40P01', '40001', '53300', '57P01', '57P02', '57P03']);

/** Whatever a call of the Data API throws, as a fault of the runner's. */
export function dataApiFault(error: unknown): DatabaseFault {
  const code = errorName(error);
  const { message, sqlState, position } = readMessage(error instanceof Error ? error.message : String(error));
  const retryable = sqlState === undefined ? isPassing(error, code) : PASSING_STATES.has(sqlState);
  return new DatabaseFault({ code, message, sqlState, position, retryable, cause: error });
}

function isPassing(error: unknown, code: string): boolean {
  const status = httpStatusOf(error);
  // An `E…` of Node without an answer is a connection that broke; the history tells what had been committed.
  const isBroken = status === undefined && errorCode(error)?.startsWith('E') === true;
  return PASSING.has(code) || isBroken || (status !== undefined && status >= 500);
}

/**
 * The Data API has no fields for these, only its text, as seen on Aurora PostgreSQL 17:
 * `ERROR: relation "x" does not exist; Position: 15; SQLState: 42P01`.
 */
function readMessage(text: string) {
  const [, rest = text, sqlState] = /^(.*); SQLState: ([0-9A-Z]{5})$/s.exec(text) ?? [];
  const [, body = rest, digits] = /^(.*); Position: (\d+)$/s.exec(rest) ?? [];
  const message = body.replace(/^(?:ERROR|FATAL|PANIC): /, '');
  return { message, sqlState, position: digits === undefined ? undefined : Number(digits) };
}
