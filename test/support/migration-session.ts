/** The runner on a test database, through its Data API endpoint. */
import { join } from 'node:path';
import pg from 'pg';
import type { MigrationBundle } from '../../lambdas/domain/migrations/bundle.ts';
import { DataApiDatabase } from '../../lambdas/migrate/data-api-database.ts';
import type { MigrationSession } from '../../lambdas/migrate/locked-transaction.ts';
import { DatabaseFault, type MigrationTransaction } from '../../lambdas/migrate/migration-database.ts';
import { runTime } from '../../lambdas/migrate/run-time.ts';
import { compileMigrations, type MigrationSource, readSources } from '../../scripts/migrations/compile-migrations.ts';
import type { TestDatabase } from './database.ts';

export const MIGRATIONS_FOLDER = join(import.meta.dirname, '..', '..', 'migrations');

export interface MigrationSessionProps {
  /** @default the test database's own */
  readonly database?: string;
  /** @default 60 s */
  readonly budgetMs?: number;
  /** @default real time */
  readonly sleep?: (ms: number) => Promise<void>;
}

/** A session of the owner's, each with a client of its own, as if it were another machine. */
export function migrationSession(server: TestDatabase, props: MigrationSessionProps = {}): MigrationSession {
  const real = runTime(props.budgetMs ?? 60_000);
  const time = { ...real, sleep: props.sleep ?? real.sleep };
  const database = new DataApiDatabase({
    client: server.client({ maxAttempts: 1 }),
    clusterArn: server.clusterArn,
    secretArn: server.ownerSecretArn,
    database: props.database ?? server.database,
    time,
  });
  return { database, time };
}

/** The project's own migrations, with further files or files in place of others. */
export async function bundleWith(...files: readonly MigrationSource[]): Promise<MigrationBundle> {
  const replaced = new Set(files.map(({ script }) => script));
  const own = (await readSources(MIGRATIONS_FOLDER)).filter(({ script }) => !replaced.has(script));
  return compileMigrations([...own, ...files]);
}

/** The project's migrations up to a version, as an older bundle has them. */
export async function bundleUpTo(version: number): Promise<MigrationBundle> {
  const sources = await readSources(MIGRATIONS_FOLDER);
  return compileMigrations(sources.filter(({ script }) => Number(/^[VU](\d+)__/.exec(script)?.[1]) <= version));
}

/** Loses the answer of one commit that did happen: the one after `statement` was run. */
export function losingCommitAfter(session: MigrationSession, statement: RegExp): MigrationSession {
  let isLost = false;
  const begin = async (): Promise<MigrationTransaction> => {
    const transaction = await session.database.begin();
    let isSeen = false;
    return {
      execute: (sql, parameters) => {
        isSeen ||= statement.test(sql);
        return transaction.execute(sql, parameters);
      },
      query: (sql, parameters) => transaction.query(sql, parameters),
      commit: async () => {
        await transaction.commit();
        if (!isSeen || isLost) return;
        isLost = true;
        throw new DatabaseFault({ code: 'ECONNRESET', message: 'lost', retryable: true, cause: undefined });
      },
      rollback: () => transaction.rollback(),
    };
  };
  return { ...session, database: { begin } };
}

let databases = 0;

/** A further database of the server, with nothing in it. @returns its name */
export async function emptyDatabase(server: TestDatabase): Promise<string> {
  databases += 1;
  const name = `empty_${databases}`;
  await server.query(`CREATE DATABASE ${name}`);
  return name;
}

/** Runs SQL as the owner in one of the server's databases, beside the Data API. */
export async function queryIn<Row extends pg.QueryResultRow>(
  server: TestDatabase,
  database: string,
  sql: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.postgres.url(database) });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
