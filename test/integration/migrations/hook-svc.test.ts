import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrateUp } from '../../../lambdas/migrate/up.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { bundleWith, migrationSession } from '../../support/migration-session.ts';

const servicePassword = 'correct-horse-battery-staple';
const PERMISSION_DENIED = '42501';

let server: TestDatabase;
let service: pg.Client;

const connect = async (password: string) => {
  const { host, port } = server.postgres;
  const client = new pg.Client({ host, port, database: server.database, user: 'hook_svc', password });
  await client.connect();
  return client;
};
const migrate = async (password?: string) =>
  migrateUp({ session: migrationSession(server), bundle: await bundleWith(), servicePassword: password });

beforeAll(async () => {
  server = await startTestDatabase({ isMigrated: false });
  await server.query(
    'CREATE SCHEMA other; CREATE TABLE other.table_of_another (id int); CREATE TABLE public.of_all (id int)',
  );
  await migrate(servicePassword);
  service = await connect(servicePassword);
});
afterAll(async () => {
  await service.end();
  await server.stop();
});

describe("hook_svc's login", () => {
  it('is by SCRAM over TCP, and nothing else lets it in', async () => {
    await expect(connect('wrong')).rejects.toMatchObject({ code: '28P01' });
    const [role] = await server.query<{ rolpassword: string }>(
      "SELECT rolpassword FROM pg_authid WHERE rolname = 'hook_svc'",
    );
    expect(role?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
    expect(role?.rolpassword).not.toContain(servicePassword);
  });

  it('follows its secret at the next run, and stays as it is where no secret is at hand', async () => {
    await migrate('another-password');
    await (await connect('another-password')).end();
    await expect(connect(servicePassword)).rejects.toMatchObject({ code: '28P01' });
    await migrate(undefined);
    await (await connect('another-password')).end();
    await migrate(servicePassword);
  });

  it('is given to a role that plain Flyway made without one', async () => {
    await server.query('ALTER ROLE hook_svc NOLOGIN PASSWORD NULL');
    await expect(connect(servicePassword)).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
    await migrate(servicePassword);
    await (await connect(servicePassword)).end();
  });
});

describe('hook_svc', () => {
  const uuid = "'01900000-0000-7000-8000-000000000001'";

  it.each([
    `INSERT INTO hook.webhook_configs (webhook_id, account_id, url, secret_enc) VALUES (${uuid}, 'a', 'https://a', 's')`,
    `UPDATE hook.webhook_configs SET is_active = false WHERE webhook_id = ${uuid}`,
    'SELECT * FROM hook.deliveries',
    "INSERT INTO hook.account_keys VALUES ('a', 'k', now())",
    "DELETE FROM hook.account_keys WHERE account_id = 'a'",
    "DELETE FROM hook.event_keys WHERE accepted_at < now() - interval '7 days'",
    'SELECT * FROM hook.flyway_schema_history',
    'SELECT * FROM hook.migration_undo',
    "SELECT hook.event_matches('{*}', 'order.paid', false)",
    `SELECT hook.delivery_id(${uuid}, ${uuid})`,
    'SELECT hook.ensure_partitions()',
    "SELECT hook.drop_partitions((now() - interval '30 days')::date)",
  ])('may %s', async (sql) => {
    await expect(service.query(sql)).resolves.toBeDefined();
  });

  it.each([
    'CREATE TABLE hook.mine (id int)',
    'CREATE TABLE public.mine (id int)',
    'CREATE SCHEMA mine',
    'CREATE TEMPORARY TABLE mine (id int)',
    'CREATE ROLE mine',
    'ALTER TABLE hook.webhook_configs ADD COLUMN mine int',
    'DROP TABLE hook.account_keys',
    'TRUNCATE hook.account_keys',
    'CREATE OR REPLACE FUNCTION hook.event_matches(text[], text, boolean) RETURNS boolean LANGUAGE sql AS $$SELECT true$$',
    'INSERT INTO hook.flyway_schema_history SELECT 99, version, description, type, script, checksum, installed_by, installed_on, 1, true FROM hook.flyway_schema_history LIMIT 1',
    'UPDATE hook.flyway_schema_history SET checksum = 1',
    'DELETE FROM hook.flyway_schema_history',
    "UPDATE hook.migration_undo SET script = 'x'",
    'DELETE FROM hook.migration_undo',
    'SELECT * FROM other.table_of_another',
    'SELECT * FROM public.of_all',
    'SELECT rolpassword FROM pg_authid',
  ])('may not %s', async (sql) => {
    await expect(service.query(sql)).rejects.toMatchObject({
      code: expect.stringMatching(`^(?:${PERMISSION_DENIED}|3F000)$`),
    });
  });

  it('may use the partitions that were made through it, and what later migrations make', async () => {
    const [made] = await service
      .query<{ n: number }>("SELECT hook.ensure_partitions(NULL, (now() + interval '20 days')::date) AS n")
      .then(({ rows }) => rows);
    expect(made?.n).toBeGreaterThan(0);
    await service.query('SELECT * FROM hook.events');
    const bundle = await bundleWith({ script: 'V900__later.sql', text: 'CREATE TABLE hook.later (id serial);' });
    await migrateUp({ session: migrationSession(server), bundle, servicePassword });
    await service.query('INSERT INTO hook.later DEFAULT VALUES');
  });

  it('cannot write where the runner came after a plain Flyway', async () => {
    await server.query('DROP TABLE hook.migration_undo');
    const bundle = await bundleWith({ script: 'V900__later.sql', text: 'CREATE TABLE hook.later (id serial);' });
    await migrateUp({ session: migrationSession(server), bundle, servicePassword });
    await expect(service.query('DELETE FROM hook.migration_undo')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    await expect(service.query('SELECT * FROM hook.migration_undo')).resolves.toMatchObject({
      rowCount: bundle.migrations.length - 1,
    });
  });
});
