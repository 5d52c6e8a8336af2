/** What the runner needs of a database: transactions of several statements, which no other function has. */
export type ParameterValue = string | number | null;

export type Parameters = Readonly<Record<string, ParameterValue>>;

export interface MigrationTransaction {
  /** Runs one statement for its effect. @throws DatabaseFault */
  execute(sql: string, parameters?: Parameters): Promise<void>;
  /** @returns the first column of every row; it has to be text, never null. @throws DatabaseFault */
  query(sql: string, parameters?: Parameters): Promise<readonly string[]>;
  /** @throws DatabaseFault; then nobody knows whether it was committed, unless the history tells. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export interface MigrationDatabase {
  /** @throws DatabaseFault */
  begin(): Promise<MigrationTransaction>;
}

export interface DatabaseFaultProps {
  /** Name of the fault in the words of the database's service, such as `DatabaseResumingException`. */
  readonly code: string;
  readonly message: string;
  readonly sqlState?: string | undefined;
  /** 1-based, in characters of the statement. */
  readonly position?: number | undefined;
  /** Whether the same transaction, begun anew, may succeed. */
  readonly retryable: boolean;
  readonly cause: unknown;
}

export class DatabaseFault extends Error {
  readonly code: string;
  readonly sqlState: string | undefined;
  readonly position: number | undefined;
  readonly retryable: boolean;

  constructor(props: DatabaseFaultProps) {
    super(props.message, { cause: props.cause });
    this.name = 'DatabaseFault';
    this.code = props.code;
    this.sqlState = props.sqlState;
    this.position = props.position;
    this.retryable = props.retryable;
  }
}
