/** Runs one statement, alone or in a transaction, within the Data API's time. */
import type { PoolClient } from 'pg';
import { type Connections, type Credentials, giveBack } from './connections.ts';
import { statementError, statementTimeout } from './database-error.ts';
import type { DataApiLimits } from './limits.ts';
import { refuseUnsupportedTypes } from './response-body.ts';
import { Statement, type StatementProps, type StatementResult } from './statement.ts';
import type { Transactions } from './transactions.ts';

export interface RunProps {
  readonly statement: StatementProps;
  /** Whether the text looks like several statements; PostgreSQL decides. */
  readonly hasSeveral: boolean;
  readonly credentials: Credentials;
  readonly database: string;
  /** As the request names it, if it does. */
  readonly namedDatabase: string | undefined;
  readonly transactionId: string | undefined;
  readonly continueAfterTimeout: boolean;
}

/** What a session keeps of these would reach the connection's next user; on Aurora it is lost, or left to chance. */
const LEAVES_STATE = /^(?:SET|RESET|PREPARE|DECLARE|LISTEN|LOAD|BEGIN|START|CREATE TABLE)/;

export class StatementRunner {
  readonly #connections: Connections;
  readonly #transactions: Transactions;
  readonly #limits: DataApiLimits;

  constructor(connections: Connections, transactions: Transactions, limits: DataApiLimits) {
    this.#connections = connections;
    this.#transactions = transactions;
    this.#limits = limits;
  }

  /** @throws ServiceError in the Data API's words. */
  run(props: RunProps): Promise<StatementResult> {
    const running = props.transactionId === undefined ? this.#alone(props) : this.#inside(props, props.transactionId);
    return props.continueAfterTimeout ? this.#answerInTime(running) : running;
  }

  async #alone(props: RunProps): Promise<StatementResult> {
    const client = await this.#connections.take(props.credentials, props.database, 'statements');
    // After a failure too: PostgreSQL has ended the statement's own transaction.
    let isClean = !props.continueAfterTimeout;
    try {
      if (props.continueAfterTimeout) await client.query('SET statement_timeout = 0');
      const result = await this.#perform(client, props);
      isClean &&= !LEAVES_STATE.test(result.commandTag);
      return result;
    } finally {
      giveBack(client, isClean);
    }
  }

  #inside(props: RunProps, transactionId: string): Promise<StatementResult> {
    const caller = { username: props.credentials.username, database: props.namedDatabase };
    return this.#transactions.use(transactionId, caller, async (client) => {
      if (!props.continueAfterTimeout) return this.#perform(client, props);
      await client.query('SET LOCAL statement_timeout = 0');
      // A failure needs no way back: the rollback it makes necessary undoes the SET as well.
      const result = await this.#perform(client, props);
      await client.query(`SET LOCAL statement_timeout = ${this.#limits.statementTimeoutMs}`);
      return result;
    });
  }

  async #perform(client: PoolClient, { statement: props, hasSeveral }: RunProps): Promise<StatementResult> {
    const startedAt = performance.now();
    const statement = new Statement(props);
    try {
      client.query(statement);
      const result = await statement.done;
      await refuseUnsupportedTypes(result, client);
      return result;
    } catch (error) {
      const elapsedMs = performance.now() - startedAt;
      throw statementError(error, { hasSeveral, elapsedMs, timeoutMs: this.#limits.statementTimeoutMs });
    }
  }

  /** With continueAfterTimeout the caller is let go in time, and the statement runs on. */
  #answerInTime(running: Promise<StatementResult>): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(statementTimeout()), this.#limits.statementTimeoutMs);
      running.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
