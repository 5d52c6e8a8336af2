import type { SqlStatement } from './bundle.ts';

export type MigrationErrorCode =
  /** A file that cannot be built: its name, its SQL, or a statement that no migration may hold. */
  | 'INVALID_MIGRATION'
  /** The server refused a statement; its file was rolled back, the files before it stay. */
  | 'STATEMENT_FAILED'
  /** The history and the bundle tell different stories (a changed file, a gap, a failed row). */
  | 'HISTORY_CONFLICT'
  | 'UNKNOWN_VERSION'
  | 'NO_UNDO_SCRIPT'
  /** The time given ran out while the database was away, or another run held the lock. */
  | 'OUT_OF_TIME'
  | 'INVALID_SERVICE_PASSWORD';

export interface MigrationErrorDetails {
  readonly script?: string | undefined;
  readonly line?: number | undefined;
  readonly sqlState?: string | undefined;
  readonly cause?: unknown;
}

/** Why a migration did not happen. `message` is what the user sees, in a terminal or in CloudFormation's events. */
export class MigrationError extends Error {
  readonly code: MigrationErrorCode;
  readonly script: string | undefined;
  readonly line: number | undefined;
  readonly sqlState: string | undefined;

  constructor(code: MigrationErrorCode, message: string, details: MigrationErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'MigrationError';
    this.code = code;
    this.script = details.script;
    this.line = details.line;
    this.sqlState = details.sqlState;
  }
}

export interface StatementFailure {
  readonly script: string;
  readonly statement: SqlStatement;
  /** PostgreSQL's own words. */
  readonly message: string;
  readonly sqlState?: string | undefined;
  /** 1-based, in characters of the statement's text, as PostgreSQL counts. */
  readonly position?: number | undefined;
  readonly cause?: unknown;
}

/** @returns an error that reads `V9__oops.sql line 1: syntax error at or near "tabel"; SQLState: 42601`. */
export function statementError(code: MigrationErrorCode, failure: StatementFailure): MigrationError {
  const { script, statement, sqlState } = failure;
  const line = statement.line + linesBefore(statement.text, failure.position ?? 1);
  const suffix = sqlState === undefined ? '' : `; SQLState: ${sqlState}`;
  const details = { script, line, sqlState, cause: failure.cause };
  return new MigrationError(code, `${script} line ${line}: ${failure.message}${suffix}`, details);
}

function linesBefore(text: string, position: number): number {
  return Array.from(text)
    .slice(0, position - 1)
    .filter((character) => character === '\n').length;
}
