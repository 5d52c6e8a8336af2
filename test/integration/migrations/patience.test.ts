import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { MIGRATION_LOCK } from '../../../lambdas/migrate/locked-transaction.ts';
import { migrateUp } from '../../../lambdas/migrate/up.ts';
import { compileMigrations } from '../../../scripts/migrations/compile-migrations.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { emptyDatabase, migrationSession, queryIn } from '../../support/migration-session.ts';

let server: TestDatabase;
let database: string;

beforeAll(async () => {
  // Instead of 45 s.
  server = await startTestDatabase({ isMigrated: false, limits: { statementTimeoutMs: 1_000 } });
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await emptyDatabase(server);
});

const session = () => migrationSession(server, { database, sleep: (ms) => delay(ms / 10) });
const history = async () =>
  (await queryIn<{ script: string }>(server, database, 'SELECT script FROM hook.flyway_schema_history')).map(
    ({ script }) => script,
  );

describe('a statement that outlasts its call', () => {
  it('is waited for, and what follows it runs', async () => {
    const text = 'SELECT pg_sleep(1.5)::text;\nCREATE TABLE hook.after_it ();';
    const bundle = await compileMigrations([{ script: 'V1__slow.sql', text }]);
    const { applied } = await migrateUp({ session: session(), bundle });
    expect(applied).toMatchObject([{ script: 'V1__slow.sql' }]);
    expect(applied[0]?.durationMs).toBeGreaterThan(1_400);
    expect(await queryIn(server, database, "SELECT to_regclass('hook.after_it')::text AS name")).toEqual([
      { name: 'hook.after_it' },
    ]);
  });

  it('and fails unseen fails its file', async () => {
    const text = "DO $$ BEGIN PERFORM pg_sleep(1.5); RAISE 'too late'; END $$;";
    const bundle = await compileMigrations([{ script: 'V1__slow.sql', text }]);
    await expect(migrateUp({ session: session(), bundle })).rejects.toThrow(
      'V1__slow.sql line 1: ran on after 45 s without an answer and then failed',
    );
    expect(await history()).toEqual([]);
  });
});

describe('a lock that someone else holds', () => {
  it('is tried for again until it is had', async () => {
    const other = new pg.Client({ connectionString: server.postgres.url(database) });
    await other.connect();
    await other.query('BEGIN');
    await other.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    const waits: string[] = [];
    const onRetry = ({ code }: { readonly code: string }) => {
      if (waits.push(code) === 1) void other.end();
    };
    const bundle = await compileMigrations([{ script: 'V1__a.sql', text: 'SELECT 1' }]);
    await migrateUp({ session: { ...session(), onRetry }, bundle });
    expect(waits[0]).toBe('StatementTimeoutException');
    expect(await history()).toEqual(['V1__a.sql']);
  });

  it('on a table lets a file come again, from its beginning', async () => {
    const first = await compileMigrations([{ script: 'V1__a.sql', text: 'CREATE TABLE hook.busy (id int)' }]);
    await migrateUp({ session: session(), bundle: first });
    const other = new pg.Client({ connectionString: server.postgres.url(database) });
    await other.connect();
    await other.query('BEGIN; LOCK TABLE hook.busy');
    const waits: (string | undefined)[] = [];
    const onRetry = ({ sqlState }: { readonly sqlState: string | undefined }) => {
      if (waits.push(sqlState) === 1) void other.end();
    };
    const second = await compileMigrations([
      { script: 'V1__a.sql', text: 'CREATE TABLE hook.busy (id int)' },
      {
        script: 'V2__b.sql',
        text: "CREATE TABLE hook.once ();\nSET LOCAL lock_timeout = '100ms';\nALTER TABLE hook.busy ADD COLUMN a int",
      },
    ]);
    await migrateUp({ session: { ...session(), onRetry }, bundle: second });
    expect(waits[0]).toBe('55P03');
    expect(await history()).toEqual(['V1__a.sql', 'V2__b.sql']);
  });
});
