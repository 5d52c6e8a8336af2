/** Connections to the database, pooled by user. */
import pg, { type PoolClient } from 'pg';
import { connectionError, statementTimeout } from './database-error.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface ConnectionsProps {
  readonly host: string;
  readonly port: number;
  readonly statementTimeoutMs: number;
}

export type Purpose = 'statements' | 'transactions';

// A transaction holds its connection while its caller thinks, so these must never keep single statements waiting.
// Two users × (16 + 24) stay below max_connections.
const TRANSACTIONS = 24;
// Two cores are busy with far fewer; further calls wait their turn.
const STATEMENTS = 16;
const IDLE_MS = 60_000;
const SESSION = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  bytea_output: 'hex',
  plan_cache_mode: 'force_custom_plan',
} as const;

export class Connections {
  readonly #props: ConnectionsProps;
  readonly #pools = new Map<string, pg.Pool>();

  constructor(props: ConnectionsProps) {
    this.#props = props;
  }

  /**
   * @throws ServiceError DatabaseErrorException (refused by the server), DatabaseUnavailableException,
   *   StatementTimeoutException when no connection came free in time.
   */
  async take(credentials: Credentials, database: string, purpose: Purpose): Promise<PoolClient> {
    const key = `${purpose}\0${database}\0${credentials.username}\0${credentials.password}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = this.#makePool(credentials, database, purpose);
      this.#pools.set(key, pool);
    }
    const startedAt = performance.now();
    try {
      return await pool.connect();
    } catch (error) {
      const hasWaited = performance.now() - startedAt >= this.#props.statementTimeoutMs;
      throw hasWaited ? statementTimeout() : connectionError(error);
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.end()));
  }

  #makePool(credentials: Credentials, database: string, purpose: Purpose): pg.Pool {
    const { host, port, statementTimeoutMs } = this.#props;
    const pool = new pg.Pool({
      host,
      port,
      database,
      user: credentials.username,
      password: credentials.password,
      max: purpose === 'statements' ? STATEMENTS : TRANSACTIONS,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: statementTimeoutMs,
      application_name: 'tidegate-data-api',
      options: Object.entries({ ...SESSION, statement_timeout: statementTimeoutMs })
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    });
    // A connection that breaks (a killed server) tells so here while idle, by itself while in use; unheard, either ends
    // the process. Who uses it learns from the statement that fails.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }
}

/** Gives a connection back, or closes it when it may carry something over to its next user. */
export function giveBack(client: PoolClient, isClean: boolean): void {
  client.release(isClean ? undefined : true);
}
