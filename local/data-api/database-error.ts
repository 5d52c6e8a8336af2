/** Errors in the words of the Data API. */
import { DatabaseError } from 'pg';
import { ServiceError } from '../services/service.ts';

const QUERY_CANCELED = '57014';
const SYNTAX_ERROR = '42601';

export interface StatementCircumstances {
  readonly hasSeveral: boolean;
  readonly elapsedMs: number;
  readonly timeoutMs: number;
}

/** What a statement's failure is on Aurora; faults that are no database errors are returned as they are. */
export function statementError(error: unknown, circumstances: StatementCircumstances): unknown {
  if (!(error instanceof DatabaseError)) return connectionError(error);
  if (error.code === SYNTAX_ERROR && circumstances.hasSeveral) {
    return new ServiceError('ValidationException', "Multistatements aren't supported.");
  }
  // A statement_timeout that the caller set himself ends earlier, and stays a database error.
  if (error.code === QUERY_CANCELED && circumstances.elapsedMs >= circumstances.timeoutMs) return statementTimeout();
  return new ServiceError('DatabaseErrorException', describe(error));
}

export function statementTimeout(): ServiceError {
  return new ServiceError('StatementTimeoutException', 'Request timed out');
}

export function unavailable(): ServiceError {
  return new ServiceError(
    'DatabaseUnavailableException',
    "The writer instance in the DB cluster isn't available.",
    504,
  );
}

/** A connection that could not be made, or broke: refused by the server, or the server is gone. */
export function connectionError(error: unknown): unknown {
  if (error instanceof DatabaseError) return new ServiceError('DatabaseErrorException', describe(error));
  return error instanceof ServiceError ? error : unavailable();
}

/**
 * Aurora leaves the detail out: no test may come to rely on it.
 * Seen on Aurora PostgreSQL 17: `ERROR: relation "x" does not exist; Position: 15; SQLState: 42P01`.
 */
function describe(error: DatabaseError): string {
  const parts = [`${error.severity ?? 'ERROR'}: ${error.message}`];
  if (error.hint) parts.push(`Hint: ${error.hint}`);
  if (error.position) parts.push(`Position: ${error.position}`);
  parts.push(`SQLState: ${error.code ?? 'XX000'}`);
  return parts.join('; ');
}
