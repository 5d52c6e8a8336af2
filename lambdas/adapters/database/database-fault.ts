import { errorCode, errorName } from '../sdk/sdk-error.ts';

/**
 * Why a statement did not give its rows.
 * - STATEMENT: PostgreSQL refused it; `sqlState` says why.
 * - REFUSED: the Data API refused the call or the result (over 1 MiB, a row over 64 KB); the same call fails again.
 * - RESUMING: Aurora wakes from its pause (about 15 s).
 * - TIMEOUT: no answer in time; the statement may have run.
 * - UNAVAILABLE: no database, no secret, no network, throttled.
 */
export type DatabaseFaultCode = 'STATEMENT' | 'REFUSED' | 'RESUMING' | 'TIMEOUT' | 'UNAVAILABLE';

/** The message names no value: what PostgreSQL says may quote a payload, and stays in `cause`. */
export class DatabaseFault extends Error {
  readonly code: DatabaseFaultCode;
  readonly sqlState: string | undefined;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  constructor(code: DatabaseFaultCode, options: { readonly sqlState?: string | undefined; readonly cause?: unknown }) {
    super(`database fault ${code} ${options.sqlState ?? ''}`.trimEnd(), { cause: options.cause });
    this.name = 'DatabaseFault';
    this.code = code;
    this.sqlState = options.sqlState;
    this.retryable = code === 'STATEMENT' ? isPassing(options.sqlState) : code !== 'REFUSED';
  }
}

export function isDatabaseFault(error: unknown): error is DatabaseFault {
  return error instanceof DatabaseFault;
}

/** Whether one record of a batch may be to blame: a bad value (class 22), a broken rule (23), a limit (54), or size. */
export function mayBlameOneRecord(error: unknown): boolean {
  if (!isDatabaseFault(error)) return false;
  if (error.code === 'REFUSED') return true;
  return error.code === 'STATEMENT' && ['22', '23', '54'].includes(error.sqlState?.slice(0, 2) ?? '');
}

/** Whether a row had no partition: PostgreSQL reports it as a check violation. */
export function isMissingPartition(error: unknown): boolean {
  return isDatabaseFault(error) && error.sqlState === '23514';
}

/** A deadlock or a serialization failure: rolled back whole, so repeating is always safe. */
export function isConflict(error: unknown): boolean {
  return isDatabaseFault(error) && (error.sqlState === '40P01' || error.sqlState === '40001');
}

const TIMEOUTS = new Set(['StatementTimeoutException', 'TimeoutError']);
const REFUSALS = new Set(['BadRequestException', 'ValidationException', 'UnsupportedResultException']);

/** The fault behind whatever the SDK threw. */
export function databaseFaultFrom(error: unknown): DatabaseFault {
  if (isDatabaseFault(error)) return error;
  const name = errorName(error);
  const sqlState = sqlStateOf(error);
  if (sqlState !== undefined) return new DatabaseFault('STATEMENT', { sqlState, cause: error });
  if (name === 'DatabaseResumingException') return new DatabaseFault('RESUMING', { cause: error });
  if (TIMEOUTS.has(name)) return new DatabaseFault('TIMEOUT', { cause: error });
  if (REFUSALS.has(name)) return new DatabaseFault('REFUSED', { cause: error });
  return new DatabaseFault('UNAVAILABLE', { cause: error });
}

/** Whether the connection broke while the call was under way: it may have run, or not. */
export function isBrokenConnection(fault: DatabaseFault): boolean {
  const code = errorCode(fault.cause);
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/**
 * The one place that reads an error's text: the Data API has no field for SQLSTATE, it stands at the message's end
 * (`ERROR: duplicate key value …; SQLState: 23505`).
 */
function sqlStateOf(error: unknown): string | undefined {
  return error instanceof Error ? /SQLState: ([0-9A-Z]{5})\s*$/.exec(error.message)?.[1] : undefined;
}

/** Classes that say nothing about the statement: connection, rollback, resources, intervention, system, lock. */
function isPassing(sqlState: string | undefined): boolean {
  return ['08', '25', '40', '53', '55', '57', '58', 'XX'].includes(sqlState?.slice(0, 2) ?? '');
}
