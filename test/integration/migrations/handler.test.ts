import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { handler as Handler } from '../../../lambdas/migrate/handler.ts';
import { migrateUp } from '../../../lambdas/migrate/up.ts';
import { buildMigrations } from '../../../scripts/build-migrations.ts';
import { bundleWith, migrationSession } from '../../support/migration-session.ts';
import { type MigrationStack, startMigrationStack } from '../../support/migration-stack.ts';

const VARIABLES = [
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'SERVICE_SECRET_ARN',
  'CONTROL_BUCKET',
];

const before = { ...process.env };
let stack: MigrationStack;

beforeAll(async () => {
  [stack] = await Promise.all([startMigrationStack(), buildMigrations()]);
});
afterAll(async () => {
  process.env = before;
  await stack.stop();
});

async function coldStart(environment: Readonly<Record<string, string>>): Promise<typeof Handler> {
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, environment);
  jest.resetModules();
  return (await import('../../../lambdas/migrate/handler.ts')).handler;
}

const call = async (RequestType: 'Create' | 'Update' | 'Delete', environment = stack.environment) => {
  const handler = await coldStart(environment);
  return handler({ RequestType }, { getRemainingTimeInMillis: () => 60_000 });
};

describe('the Migrate function', () => {
  it('names every variable that is missing, at cold start', async () => {
    await expect(coldStart({})).rejects.toThrow(new RegExp(VARIABLES.map((name) => `${name} is missing`).join('; ')));
  });

  it('does nothing when the stack is deleted', async () => {
    expect(await call('Delete')).toEqual({ PhysicalResourceId: 'tidegate-schema' });
    expect(await stack.server.query("SELECT FROM pg_namespace WHERE nspname = 'hook'")).toEqual([]);
  });

  it('migrates on create, gives hook_svc its login, and tells the version to /ready', async () => {
    const files = (await bundleWith()).migrations.length;
    const version = (await bundleWith()).migrations.at(-1)?.version;
    expect(await call('Create')).toEqual({
      PhysicalResourceId: 'tidegate-schema',
      Data: { SchemaVersion: version, AppliedFiles: files },
    });
    const state = JSON.parse((await stack.readControlObject('state/schema.json')) ?? '');
    expect(state).toEqual({ version, migratedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) });
    const { host, port } = stack.server.postgres;
    const login = new pg.Client({
      host,
      port,
      database: stack.server.database,
      user: 'hook_svc',
      password: 'of-hook-svc',
    });
    await login.connect();
    await login.end();
  });

  it('answers an update by the same id, and with nothing to do', async () => {
    expect(await call('Update')).toMatchObject({ PhysicalResourceId: 'tidegate-schema', Data: { AppliedFiles: 0 } });
  });

  it('succeeds on a history newer than its bundle, and tells the newer version to /ready', async () => {
    const newer = await bundleWith({ script: 'V900__newer.sql', text: 'SELECT 1' });
    await migrateUp({ session: migrationSession(stack.server), bundle: newer });
    const lines = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const answer = await call('Update');
    const written = lines.mock.calls.map(([line]) => String(line)).join('');
    lines.mockRestore();
    expect(answer).toMatchObject({ Data: { SchemaVersion: '900', AppliedFiles: 0 } });
    expect(written).toContain('"level":"warn"');
    expect(written).toContain("newer than this bundle's");
    expect(JSON.parse((await stack.readControlObject('state/schema.json')) ?? '')).toMatchObject({ version: '900' });
  });

  it('fails the deploy when the version cannot be told, saying what is in force', async () => {
    await expect(call('Update', { ...stack.environment, CONTROL_BUCKET: 'no-such-bucket' })).rejects.toThrow(
      /^the schema is at version 900, but state\/schema.json could not be written to no-such-bucket: NoSuchBucket/,
    );
  });

  it('fails the deploy by the words of the history, where that does not fit', async () => {
    await stack.server.query("UPDATE hook.flyway_schema_history SET checksum = 1 WHERE version = '2'");
    await expect(call('Update')).rejects.toThrow('V2__create_webhook_configs.sql was changed after it was applied');
  });
});
