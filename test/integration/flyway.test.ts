import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { MigrationBundle } from '../../lambdas/domain/migrations/bundle.ts';
import { MIGRATION_LOCK } from '../../lambdas/migrate/locked-transaction.ts';
import { migrateUndo } from '../../lambdas/migrate/undo.ts';
import { migrateUp } from '../../lambdas/migrate/up.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Flyway, type FlywayCommand, findFlyway } from '../support/flyway.ts';
import {
  bundleUpTo,
  bundleWith,
  emptyDatabase,
  MIGRATIONS_FOLDER,
  migrationSession,
  queryIn,
} from '../support/migration-session.ts';

const flyway = await findFlyway();

if (flyway.kind === 'left out') {
  describe('the real Flyway', () => {
    it(`is left out: ${flyway.reason}`, () => {
      process.stdout.write(`test/integration/flyway.test.ts was left out: ${flyway.reason}\n`);
      expect(flyway.reason).not.toBe('');
    });
  });
} else describeWith(flyway.run);

function describeWith(run: Extract<Flyway, { kind: 'present' }>['run']): void {
  let server: TestDatabase;
  let bundle: MigrationBundle;
  let database: string;
  let files: number;

  beforeAll(async () => {
    server = await startTestDatabase({ isMigrated: false });
    bundle = await bundleWith();
    files = bundle.migrations.length;
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    database = await emptyDatabase(server);
  });

  const session = () => migrationSession(server, { database });
  const up = (of = bundle) => migrateUp({ session: session(), bundle: of, servicePassword: 'any' });
  const real = (...commands: readonly FlywayCommand[]) => {
    const { host, port, ownerPassword } = server.postgres;
    const target = { host, port, database, user: 'tidegate_owner', password: ownerPassword, folder: MIGRATIONS_FOLDER };
    return run(target, ...commands);
  };
  const applied = (state = 'SUCCESS') =>
    bundle.migrations.map(({ version, checksum }) => `info ${version} ${state} ${checksum}`);
  const history = () =>
    queryIn(
      server,
      database,
      "SELECT version, description, type, script, checksum, installed_by, success FROM hook.flyway_schema_history WHERE type = 'SQL' ORDER BY installed_rank",
    );
  const table = () =>
    queryIn(
      server,
      database,
      `SELECT a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS value,
              (SELECT array_agg(indexdef ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'hook' AND tablename = 'flyway_schema_history') AS indexes
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = 'hook.flyway_schema_history'::regclass AND a.attnum > 0 ORDER BY 1`,
    );

  describe('the real Flyway', () => {
    it('finds nothing to say about a history of ours, nor anything to do', async () => {
      await up();
      expect(await real('validate', 'info', 'migrate')).toEqual(['validate ok', ...applied(), 'migrate 0']);
    });

    it('leaves a history in which we find nothing to do, and the same table', async () => {
      expect(await real('migrate', 'validate')).toEqual([`migrate ${files}`, 'validate ok']);
      const [rows, shape] = [await history(), await table()];
      expect(await up()).toMatchObject({ applied: [], warnings: [], version: bundle.migrations.at(-1)?.version });
      database = await emptyDatabase(server);
      await up();
      expect(await history()).toEqual(rows);
      expect(await table()).toEqual(shape);
    });

    it('goes on where we stopped, and we where it stopped', async () => {
      await up(await bundleUpTo(6));
      expect(await real('migrate', 'validate')).toEqual([`migrate ${files - 6}`, 'validate ok']);
      expect((await migrateUndo({ session: session(), bundle, to: '4' })).version).toBe('4');
      expect(await real('info')).toEqual([...applied().slice(0, 4), ...applied('PENDING').slice(4)]);
      expect(await real('migrate', 'validate', 'info')).toEqual([`migrate ${files - 4}`, 'validate ok', ...applied()]);
      expect((await up()).applied).toEqual([]);
    });

    it('waits for our lock', async () => {
      await up(await bundleUpTo(6));
      const ours = new pg.Client({ connectionString: server.postgres.url(database) });
      await ours.connect();
      await ours.query('BEGIN');
      await ours.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
      const theirs = real('migrate');
      const isAsking = async () => {
        const [row] = await server.query<{ n: number }>(
          "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1 AND query ILIKE '%pg_try_advisory%' AND pid <> pg_backend_pid()",
          [database],
        );
        return row?.n === 1;
      };
      while (!(await isAsking())) await delay(20);
      expect(await history()).toHaveLength(6);
      await ours.query('COMMIT');
      await ours.end();
      expect(await theirs).toEqual([`migrate ${files - 6}`]);
    });
  });
}
