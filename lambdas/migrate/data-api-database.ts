import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type RDSDataClient,
  RollbackTransactionCommand,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import { dataApiFault } from './data-api-fault.ts';
import {
  DatabaseFault,
  type MigrationDatabase,
  type MigrationTransaction,
  type Parameters,
  type ParameterValue,
} from './migration-database.ts';
import type { RunTime } from './run-time.ts';

export interface DataApiDatabaseProps {
  /** Makes one attempt a call: a statement repeated within its transaction would fail on its own first run. */
  readonly client: RDSDataClient;
  readonly clusterArn: string;
  /** Of the schema's owner. */
  readonly secretArn: string;
  readonly database: string;
  readonly time: RunTime;
}

/** Longest wait for an answer; above the 45 s after which the Data API itself answers. */
export const DATA_API_REQUEST_TIMEOUT_MS = 60_000;

const POLL_MS = 2_000;
const IN_FAILED_TRANSACTION = '25P02';

export class DataApiDatabase implements MigrationDatabase {
  readonly #props: DataApiDatabaseProps;

  constructor(props: DataApiDatabaseProps) {
    this.#props = props;
  }

  async begin(): Promise<MigrationTransaction> {
    const { client, clusterArn: resourceArn, secretArn, database } = this.#props;
    const { transactionId } = await inWordsOfOurs(() =>
      client.send(new BeginTransactionCommand({ resourceArn, secretArn, database })),
    );
    if (transactionId === undefined) throw dataApiFault(new Error('BeginTransaction answered no transaction id'));
    return new DataApiTransaction(this.#props, transactionId);
  }
}

class DataApiTransaction implements MigrationTransaction {
  readonly #props: DataApiDatabaseProps;
  readonly #transactionId: string;

  constructor(props: DataApiDatabaseProps, transactionId: string) {
    this.#props = props;
    this.#transactionId = transactionId;
  }

  /**
   * A statement over 45 s is cut unless it may continue after the call's timeout (AuroraUserGuide data-api.calling:
   * "we recommend continueAfterTimeout for DDL"); the call then fails while the statement runs on, so its end is awaited.
   */
  async execute(sql: string, parameters: Parameters = {}): Promise<void> {
    try {
      await this.#send(sql, parameters, true);
    } catch (error) {
      if (!(error instanceof DatabaseFault) || error.code !== 'StatementTimeoutException') throw error;
      await this.#awaitEnd(error);
    }
  }

  async query(sql: string, parameters: Parameters = {}): Promise<readonly string[]> {
    const { records = [] } = await this.#send(sql, parameters, false);
    return records.map((record) => {
      const text = record[0]?.stringValue;
      if (text === undefined) throw new TypeError(`the first column is not text: ${sql}`);
      return text;
    });
  }

  async commit(): Promise<void> {
    const { client, ...names } = this.#names();
    await inWordsOfOurs(() => client.send(new CommitTransactionCommand(names)));
  }

  async rollback(): Promise<void> {
    const { client, ...names } = this.#names();
    await inWordsOfOurs(() => client.send(new RollbackTransactionCommand(names)));
  }

  #names() {
    const { client, clusterArn: resourceArn, secretArn } = this.#props;
    return { client, resourceArn, secretArn, transactionId: this.#transactionId };
  }

  #send(sql: string, parameters: Parameters, continueAfterTimeout: boolean) {
    const { client, ...names } = this.#names();
    return inWordsOfOurs(() =>
      client.send(
        new ExecuteStatementCommand({
          ...names,
          database: this.#props.database,
          sql,
          parameters: Object.entries(parameters).map(toParameter),
          continueAfterTimeout,
        }),
      ),
    );
  }

  /** Asks until the transaction takes calls again: while the statement runs it refuses them, without an SQLSTATE. */
  async #awaitEnd(timeout: DatabaseFault): Promise<void> {
    const { now, sleep, deadlineMs } = this.#props.time;
    while (now() < deadlineMs) {
      await sleep(POLL_MS);
      try {
        await this.#send('SELECT 1', {}, false);
        return;
      } catch (error) {
        if (!(error instanceof DatabaseFault)) throw error;
        if (error.sqlState === IN_FAILED_TRANSACTION) throw failedUnseen(timeout);
        if (error.sqlState !== undefined || error.code === 'TransactionNotFoundException') throw error;
      }
    }
    throw timeout;
  }
}

function failedUnseen(cause: DatabaseFault): DatabaseFault {
  const message = 'ran on after 45 s without an answer and then failed; the reason stands in the log of the cluster';
  return new DatabaseFault({ code: cause.code, message, retryable: false, cause });
}

function toParameter([name, value]: [string, ParameterValue]): SqlParameter {
  if (value === null) return { name, value: { isNull: true } };
  return { name, value: typeof value === 'number' ? { longValue: value } : { stringValue: value } };
}

async function inWordsOfOurs<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw dataApiFault(error);
  }
}
