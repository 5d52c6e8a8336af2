import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataApiDatabase } from '../../../lambdas/migrate/data-api-database.ts';
import type { MigrationSession } from '../../../lambdas/migrate/locked-transaction.ts';
import { runTime } from '../../../lambdas/migrate/run-time.ts';
import { migrateUndo } from '../../../lambdas/migrate/undo.ts';
import { migrateUp } from '../../../lambdas/migrate/up.ts';
import { DataApi } from '../../../local/data-api/data-api.ts';
import { createFaults } from '../../../local/services/faults.ts';
import { startServiceServer } from '../../../local/services/server.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { bundleWith } from '../../support/migration-session.ts';

const CLUSTER_ARN = 'arn:aws:rds:us-east-1:000000000000:cluster:aurora';
const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:aurora';

let server: TestDatabase;
let session: MigrationSession;
let close: () => Promise<void>;

/** Aurora's master user owns the database and may make roles and databases, but is no superuser. */
beforeAll(async () => {
  server = await startTestDatabase({ isMigrated: false });
  await server.query("CREATE ROLE aurora LOGIN CREATEROLE CREATEDB PASSWORD 'aurora'");
  await server.query('CREATE DATABASE aurora OWNER aurora');
  const { host, port } = server.postgres;
  const dataApi = new DataApi({
    clusterArn: CLUSTER_ARN,
    host,
    port,
    credentials: () => ({ username: 'aurora', password: 'aurora' }),
  });
  const authorizer = Object.assign(() => undefined, { seen: () => [] });
  const services = await startServiceServer({ services: [dataApi], authorizer, faults: createFaults() });
  const client = new RDSDataClient({
    endpoint: `${services.url}/rds-data`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    maxAttempts: 1,
  });
  const time = runTime(60_000);
  const database = new DataApiDatabase({
    client,
    clusterArn: CLUSTER_ARN,
    secretArn: SECRET_ARN,
    database: 'aurora',
    time,
  });
  session = { database, time };
  close = async () => {
    client.destroy();
    await services.close();
    await dataApi.close();
    await server.stop();
  };
});
afterAll(() => close());

describe('an owner who is no superuser', () => {
  it('migrates, gives hook_svc its login again and again, undoes everything and migrates anew', async () => {
    const bundle = await bundleWith();
    const files = bundle.migrations.length;
    expect((await migrateUp({ session, bundle, servicePassword: 'first' })).applied).toHaveLength(files);
    expect((await migrateUp({ session, bundle, servicePassword: 'second' })).applied).toHaveLength(0);
    const { host, port } = server.postgres;
    const login = new pg.Client({ host, port, database: 'aurora', user: 'hook_svc', password: 'second' });
    await login.connect();
    expect((await login.query('SELECT count(*)::int AS n FROM hook.deliveries')).rows).toEqual([{ n: 0 }]);
    await login.end();
    expect((await migrateUndo({ session, bundle, to: '0' })).undone).toHaveLength(files);
    expect((await migrateUp({ session, bundle, servicePassword: 'third' })).applied).toHaveLength(files);
  });
});
