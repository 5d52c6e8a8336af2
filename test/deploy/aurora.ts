/** The data of the deployed cluster: real PostgreSQL behind our own Data API server, in place of the emulator's. */
import pg from 'pg';
import { DATABASE, type Postgres, startPostgres } from '../../local/postgres/postgres.ts';
import { createFaults } from '../../local/services/faults.ts';
import { startServiceServer } from '../../local/services/server.ts';
import { type ClusterDirectory, DeployedCluster } from './deployed-cluster.ts';

export interface Aurora {
  /** Endpoint of the Data API, plain HTTP. */
  readonly url: string;
  /** Tells where the cluster and its secrets are to be looked up; calls before it are refused. */
  attach(directory: ClusterDirectory): void;
  /** Runs SQL as a superuser, past the Data API. */
  query<R extends pg.QueryResultRow>(sql: string): Promise<R[]>;
  stop(): Promise<void>;
}

// Roles are not checked here: the functions' credentials are the emulator's. test/synth/permissions.test.ts does that.
const ALLOW_ALL = Object.assign(() => undefined, { seen: () => [] });

export async function startAurora(): Promise<Aurora> {
  const postgres = await startPostgres({ dataFolder: '', memory: true });
  const observer = await makeObserver(postgres);
  const cluster = new DeployedCluster({ postgres, observer });
  const server = await startServiceServer({ services: [cluster], authorizer: ALLOW_ALL, faults: createFaults() });
  return {
    url: `${server.url}/rds-data`,
    attach: (directory) => cluster.attach(directory),
    query: async <R extends pg.QueryResultRow>(sql: string) => (await observer.query<R>(sql)).rows,
    stop: async () => {
      await server.close();
      await cluster.close();
      await observer.end();
      await postgres.stop();
    },
  };
}

/** A superuser of our own, since the owner's password is the stack's to choose. */
async function makeObserver(postgres: Postgres): Promise<pg.Pool> {
  const owner = new pg.Client({ connectionString: postgres.url(DATABASE) });
  await owner.connect();
  const password = pg.escapeLiteral(postgres.ownerPassword);
  try {
    await owner.query(`CREATE ROLE observer SUPERUSER LOGIN PASSWORD ${password}`);
  } finally {
    await owner.end();
  }
  const connectionString = postgres.url(DATABASE, 'observer', postgres.ownerPassword);
  const pool = new pg.Pool({ connectionString, max: 2 });
  pool.on('error', () => undefined);
  return pool;
}
