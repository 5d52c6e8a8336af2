/**
 * Real PostgreSQL behind a real Data API endpoint, for tests of SQL. One per test file:
 *
 *     let database: TestDatabase;
 *     beforeAll(async () => { database = await startTestDatabase(); });
 *     afterAll(() => database.stop());
 */
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import pg from 'pg';
import { DataApi, type DataApiProps } from '../../local/data-api/data-api.ts';
import { DATABASE, type Postgres } from '../../local/postgres/postgres.ts';
import type { Authorizer } from '../../local/services/authorizer.ts';
import { createFaults } from '../../local/services/faults.ts';
import { startServiceServer } from '../../local/services/server.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../local/services/service.ts';
import { startThrowawayPostgres, TEMPLATE } from './throwaway-postgres.ts';

export interface TestDatabaseProps {
  /** `false`: an empty database, and no `hook_svc`. @default true */
  readonly isMigrated?: boolean;
  /** Shorter limits of the Data API, for what takes minutes. */
  readonly limits?: NonNullable<DataApiProps['limits']>;
  /** @default allows everything */
  readonly authorizer?: Authorizer;
}

export interface TestDatabase {
  readonly postgres: Postgres;
  /** `tidegate`; `cloneDatabase` makes more. */
  readonly database: string;
  /** PostgreSQL URL of the owner. */
  readonly databaseUrl: string;
  /** Base of the Data API, for `endpoint` of a client or `AWS_ENDPOINT_URL_RDS_DATA`. */
  readonly endpoint: string;
  readonly clusterArn: string;
  /** Secret of `hook_svc`, the functions' user. */
  readonly secretArn: string;
  readonly ownerSecretArn: string;
  readonly dataApi: DataApi;
  /** A client of the endpoint; `overrides` are its own options. */
  client(overrides?: { readonly maxAttempts?: number }): RDSDataClient;
  /** A further migrated database, cloned from the template in some 30 ms. @returns its name */
  cloneDatabase(): Promise<string>;
  /** Runs SQL as the owner, beside the Data API; several statements may go in one text. */
  query<R extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  stop(): Promise<void>;
}

const CLUSTER_ARN = `arn:aws:rds:${LOCAL_REGION}:${LOCAL_ACCOUNT}:cluster:tidegate-test`;
const SECRET_ARN = `arn:aws:secretsmanager:${LOCAL_REGION}:${LOCAL_ACCOUNT}:secret:hook-svc-AbCdEf`;
const OWNER_SECRET_ARN = `arn:aws:secretsmanager:${LOCAL_REGION}:${LOCAL_ACCOUNT}:secret:owner-AbCdEf`;
const ALLOW_ALL: Authorizer = Object.assign(() => undefined, { seen: () => [] });

export async function startTestDatabase(props: TestDatabaseProps = {}): Promise<TestDatabase> {
  const { postgres, servicePassword } = await startThrowawayPostgres(props.isMigrated ?? true);
  const secrets = new Map([
    [SECRET_ARN, { username: 'hook_svc', password: servicePassword }],
    [OWNER_SECRET_ARN, { username: 'tidegate_owner', password: postgres.ownerPassword }],
  ]);
  const dataApi = new DataApi({
    clusterArn: CLUSTER_ARN,
    host: postgres.host,
    port: postgres.port,
    credentials: (secretArn) => secrets.get(secretArn),
    limits: props.limits ?? {},
  });
  const authorizer = props.authorizer ?? ALLOW_ALL;
  const server = await startServiceServer({ services: [dataApi], authorizer, faults: createFaults() });
  const owner = ownerPool(postgres);
  const clients: RDSDataClient[] = [];
  const endpoint = `${server.url}/rds-data`;
  return {
    postgres,
    database: DATABASE,
    databaseUrl: postgres.url(DATABASE),
    endpoint,
    clusterArn: CLUSTER_ARN,
    secretArn: SECRET_ARN,
    ownerSecretArn: OWNER_SECRET_ARN,
    dataApi,
    client: (overrides = {}) => {
      const client = makeClient(endpoint, overrides);
      clients.push(client);
      return client;
    },
    cloneDatabase: () => cloneDatabase(postgres),
    query: async <R extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]) =>
      (await owner.query<R>(sql, values === undefined ? undefined : [...values])).rows,
    stop: async () => {
      for (const client of clients) client.destroy();
      await server.close();
      await dataApi.close();
      await owner.end();
      await postgres.stop();
    },
  };
}

function makeClient(endpoint: string, overrides: { readonly maxAttempts?: number }): RDSDataClient {
  return new RDSDataClient({
    endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    ...overrides,
  });
}

function ownerPool(postgres: Postgres): pg.Pool {
  const pool = new pg.Pool({ connectionString: postgres.url(DATABASE), max: 5 });
  // Tests may kill the server.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

let clones = 0;

async function cloneDatabase(postgres: Postgres): Promise<string> {
  clones += 1;
  const name = `${DATABASE}_${clones}`;
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
    // Rights on the database itself are not copied.
    await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${name} TO hook_svc`);
  } finally {
    await client.end();
  }
  return name;
}
