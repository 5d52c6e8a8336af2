export type PostgresErrorCode =
  | 'UNSUPPORTED_PLATFORM'
  | 'UNREACHABLE_FOLDER'
  | 'FOREIGN_FOLDER'
  | 'INITDB_FAILED'
  | 'START_FAILED'
  | 'WILL_NOT_STOP';

/** The database server cannot be had; the message says what to do. */
export class PostgresError extends Error {
  readonly code: PostgresErrorCode;
  constructor(code: PostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PostgresError';
    this.code = code;
  }
}
