/** Runs one statement, alone or in a transaction, within the Data API's time. */
import { DatabaseError, type PoolClient } from 'pg';
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
const LEAVES_STATE = /^(?:SET|RESET|PREPARE|DECLARE|LISTEN|LOAD|DEALLOCATE|DISCARD|BEGIN|START|CREATE TABLE)/;

const FEATURE_NOT_SUPPORTED = '0A000';

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

  async #perform(client: PoolClient, { statement, hasSeveral, transactionId }: RunProps): Promise<StatementResult> {
    const startedAt = performance.now();
    // In a transaction the retry below could not be made.
    const props = transactionId === undefined ? statement : { ...statement, name: '' };
    try {
      const result = await send(client, props).catch((error: unknown) => sendAgain(client, props, error));
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

function send(client: PoolClient, props: StatementProps): Promise<StatementResult> {
  return client.query(new Statement(props)).done;
}

/**
 * A migration under a running engine may change the columns of a prepared statement's result, which PostgreSQL refuses
 * ("cached plan must not change result type", 0A000) before it runs anything. Once more, unprepared, is what Aurora does.
 */
function sendAgain(client: PoolClient, props: StatementProps, error: unknown): Promise<StatementResult> {
  const isStale = props.name !== '' && error instanceof DatabaseError && error.code === FEATURE_NOT_SUPPORTED;
  return isStale ? send(client, { ...props, name: '' }) : Promise.reject(error);
}
