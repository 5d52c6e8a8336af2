/** Supervisor of the local engine's database server: one PostgreSQL per data folder. */
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { ensureCluster, OWNER } from './cluster.ts';
import { type DataPlace, findDataPlace } from './data-place.ts';
import { findInstallation } from './installation.ts';
import { adoptPostmaster, type LaunchProps, launchPostmaster, type Postmaster, stopPostmaster } from './postmaster.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { reviveWhenDead } from './revival.ts';
import { makeThrowawayFolder } from './throwaway.ts';

export const DATABASE = 'tidegate';
const HOST = '127.0.0.1';
const INVALID_CATALOG_NAME = '3D000';

export interface PostgresProps {
  /** The engine's data folder; files go to its subfolder `postgres`. Ignored when `memory` is set. */
  readonly dataFolder: string;
  /** A throwaway server: its folder is temporary, nothing is synced to disk, and stop() deletes it. @default false */
  readonly memory?: boolean;
  /** With `memory`: a data folder of a server that is not running, to start from a copy of it. */
  readonly copyOf?: string;
  /**
   * `on`: what is committed survives a power cut. `off`: the last 0.6 s are lost when the server itself is killed.
   * @default 'on', and 'off' with `memory`
   */
  readonly synchronousCommit?: 'on' | 'off';
  /** @default a free one */
  readonly port?: number;
}

export interface Postgres {
  readonly host: string;
  readonly port: number;
  /** Superuser `tidegate_owner`. */
  readonly ownerPassword: string;
  /** The postmaster; another one after the server died and was started again. */
  readonly pid: number;
  /** Whether the server was left running by an engine that was killed, and taken over. */
  readonly isAdopted: boolean;
  /** A URL of `database`, as the owner unless a user is named. */
  url(database: string, user?: string, password?: string): string;
  /** Shuts down cleanly, cutting open connections; leaves no process behind. May be called twice. */
  stop(): Promise<void>;
  /** For drills: a signal to the postmaster, such as SIGKILL. */
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts PostgreSQL, or takes over the one that a killed engine left, with the database `tidegate` in it.
 * From nothing under 2 s, on an existing folder under 0.3 s.
 * @throws PostgresError
 */
export async function startPostgres(props: PostgresProps): Promise<Postgres> {
  const isMemory = props.memory ?? false;
  const folder = isMemory ? await makeThrowawayFolder(props.copyOf) : props.dataFolder;
  const [installation, place] = await Promise.all([findInstallation(), findDataPlace(folder)]);
  const ownerPassword = await ensureCluster(installation, place, isMemory);
  const isUsable = (port: number): Promise<boolean> => answers(port, ownerPassword, place);
  const settings = { isMemory, synchronousCommit: props.synchronousCommit ?? (isMemory ? 'off' : 'on') };
  const launch = { installation, place, settings, port: props.port };
  const adopted = await adoptPostmaster(launch, isUsable);
  const postmaster = adopted ?? (await launchPostmaster(launch));
  const postgres = toPostgres({
    postmaster,
    launch,
    ownerPassword,
    isAdopted: adopted !== undefined,
    isMemory,
    folder,
  });
  try {
    await ensureDatabase(postgres);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}

interface ToPostgresProps {
  readonly postmaster: Postmaster;
  readonly launch: LaunchProps;
  readonly ownerPassword: string;
  readonly isAdopted: boolean;
  readonly isMemory: boolean;
  readonly folder: string;
}

function toPostgres(props: ToPostgresProps): Postgres {
  const { port } = props.postmaster;
  let { pid } = props.postmaster;
  let stopped: Promise<void> | undefined;
  const revival = reviveWhenDead({
    pid: () => pid,
    // A shutdown of any kind removes the file; a killed server leaves it behind.
    wasKilled: async (dead) => (await readPostmasterFile(props.launch.place.data))?.pid === dead,
    start: async () => {
      ({ pid } = await launchPostmaster({ ...props.launch, port }));
    },
  });
  const stop = async (): Promise<void> => {
    await revival.end();
    await stopPostmaster(pid, props.isMemory ? 'at once' : 'cleanly');
    if (props.isMemory) await rm(props.folder, { recursive: true, force: true });
  };
  return {
    host: HOST,
    port,
    get pid() {
      return pid;
    },
    ownerPassword: props.ownerPassword,
    isAdopted: props.isAdopted,
    url: (database, user = OWNER, password = props.ownerPassword) =>
      `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}`,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    kill: (signal) => {
      process.kill(pid, signal);
    },
  };
}

/** The server that holds our folder, and what the dead engine had under way is ended. */
async function answers(port: number, password: string, place: DataPlace): Promise<boolean> {
  try {
    return await withOwner({ port, password, database: 'postgres' }, async (client) => {
      const found = await client.query<{ data: string }>("SELECT current_setting('data_directory') AS data");
      // An open transaction of the killed engine would keep its locks until its socket is noticed to be dead.
      await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tidegate%' AND pid <> pg_backend_pid()",
      );
      return found.rows[0]?.data === place.data;
    });
  } catch {
    return false;
  }
}

async function ensureDatabase(postgres: Postgres): Promise<void> {
  const { port, ownerPassword: password } = postgres;
  try {
    await withOwner({ port, password, database: DATABASE }, () => Promise.resolve());
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== INVALID_CATALOG_NAME) throw error;
    await withOwner({ port, password, database: 'postgres' }, (client) => client.query(`CREATE DATABASE ${DATABASE}`));
  }
}

interface OwnerConnection {
  readonly port: number;
  readonly password: string;
  readonly database: string;
}

async function withOwner<T>(connection: OwnerConnection, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    ...connection,
    host: HOST,
    user: OWNER,
    application_name: 'supervisor',
    connectionTimeoutMillis: 5000,
  });
  // Without a listener, a server that dies now would end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
