/** The runner on a test database, through its Data API endpoint. */
import { join } from 'node:path';
import type { MigrationBundle } from '../../lambdas/domain/migrations/bundle.ts';
import { DataApiDatabase } from '../../lambdas/migrate/data-api-database.ts';
import type { MigrationSession } from '../../lambdas/migrate/locked-transaction.ts';
import { runTime } from '../../lambdas/migrate/run-time.ts';
import { compileMigrations, type MigrationSource, readSources } from '../../scripts/migrations/compile-migrations.ts';
import type { TestDatabase } from './database.ts';

export const MIGRATIONS_FOLDER = join(import.meta.dirname, '..', '..', 'migrations');

export interface MigrationSessionProps {
  /** @default the test database's own */
  readonly database?: string;
  readonly secretArn?: string;
  /** @default 60 s */
  readonly budgetMs?: number;
}

/** A session of the owner's, each with a client of its own, as if it were another machine. */
export function migrationSession(server: TestDatabase, props: MigrationSessionProps = {}): MigrationSession {
  const time = runTime(props.budgetMs ?? 60_000);
  const database = new DataApiDatabase({
    client: server.client({ maxAttempts: 1 }),
    clusterArn: server.clusterArn,
    secretArn: props.secretArn ?? server.ownerSecretArn,
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
