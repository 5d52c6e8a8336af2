/** The server's process: launched, found again after its engine was killed, and stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, stat, truncate, unlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataPlace } from './data-place.ts';
import { serverIdentity } from './identity.ts';
import type { Installation } from './installation.ts';
import { PostgresError } from './postgres-error.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { awaitExit, commandLine, isAlive, signal } from './process-table.ts';
import { fixedArguments, portArguments, type ServerSettings } from './settings.ts';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

export interface LaunchProps {
  readonly installation: Installation;
  readonly place: DataPlace;
  readonly settings: ServerSettings;
  readonly port: number | undefined;
}

const READY_POLL_MS = 5;
// Crash recovery after a kill -9 replays up to max_wal_size.
const READY_TIMEOUT_MS = 60_000;
const FAST_STOP_MS = 20_000;
const IMMEDIATE_STOP_MS = 8000;
const KILL_MS = 5000;
const LAUNCH_TRIES = 3;
const LARGEST_LOG_BYTES = 10 * 1024 * 1024;

/**
 * Takes over a server that still runs on the data, or stops it when it cannot be used as it is.
 * @param isUsable asks the server itself; false when it does not answer or is not ours.
 * @returns undefined when none runs (any more).
 */
export async function adoptPostmaster(
  props: LaunchProps,
  isUsable: (port: number) => Promise<boolean>,
): Promise<Postmaster | undefined> {
  const { data } = props.place;
  const found = await readPostmasterFile(data);
  if (found === undefined || !isAlive(found.pid)) return undefined;
  const command = (await commandLine(found.pid)) ?? '';
  if (!command.includes(`-D ${data} `)) {
    // The number belongs to another process by now (a container's pids start over), which postgres takes for a server.
    await unlink(join(data, 'postmaster.pid'));
    return undefined;
  }
  const isWanted =
    command.includes(fixedArguments(data, props.settings).join(' ')) && (!props.port || props.port === found.port);
  if (found.isReady && isWanted && (await isUsable(found.port))) return { pid: found.pid, port: found.port };
  await stopPostmaster(found.pid, 'cleanly');
  return undefined;
}

/** @throws PostgresError START_FAILED with the end of the server's log. */
export async function launchPostmaster(props: LaunchProps): Promise<Postmaster> {
  for (let attempt = 1; ; attempt += 1) {
    const port = props.port || (await freePort());
    const result = await launchOnce(props, port);
    if (result.outcome === 'ready') return { pid: result.pid, port };
    // Someone may have taken the free port, or a killed server's children may not have noticed yet.
    if (attempt === LAUNCH_TRIES) throw new PostgresError('START_FAILED', `PostgreSQL did not start:\n${result.log}`);
    await delay(500 * attempt);
  }
}

type LaunchResult =
  | { readonly outcome: 'ready'; readonly pid: number }
  | { readonly outcome: 'failed'; readonly log: string };

async function launchOnce(props: LaunchProps, port: number): Promise<LaunchResult> {
  const logSize = await trimLog(props.place.log);
  const child = await spawnServer(props, port);
  const pid = child.pid;
  let hasFailed = pid === undefined;
  child.once('error', () => {
    hasFailed = true;
  });
  child.once('exit', () => {
    hasFailed = true;
  });
  // It may have ended while its log was being closed, before anybody listened.
  hasFailed ||= child.exitCode !== null || child.signalCode !== null;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!hasFailed && Date.now() < deadline) {
    const found = await readPostmasterFile(props.place.data);
    if (pid !== undefined && found?.pid === pid && found.isReady) return { outcome: 'ready', pid };
    await delay(READY_POLL_MS);
  }
  if (!hasFailed && pid !== undefined) await stopPostmaster(pid, 'at once');
  const log = await readFile(props.place.log, 'utf8').catch(() => '');
  return { outcome: 'failed', log: log.slice(logSize).trim() };
}

async function spawnServer(props: LaunchProps, port: number): Promise<ChildProcess> {
  const identity = serverIdentity();
  const log = await open(props.place.log, 'a', 0o600);
  const settings = fixedArguments(props.place.data, props.settings);
  try {
    const child = spawn(props.installation.postgres, [...settings, ...portArguments(port)], {
      ...(identity === undefined ? {} : { uid: identity.uid, gid: identity.gid }),
      cwd: props.place.data,
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', log.fd, log.fd],
      // A group of its own: Ctrl-C in the terminal must reach the engine alone, which drains before it stops this.
      detached: true,
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

/**
 * Ends a server and waits until it is gone.
 * @param manner `cleanly` writes a checkpoint first; `at once` leaves recovery to the next start.
 * @throws PostgresError WILL_NOT_STOP
 * Source: PostgreSQL 17 manual, "Shutting Down the Server" (SIGINT is fast, SIGQUIT is immediate).
 */
export async function stopPostmaster(pid: number, manner: 'cleanly' | 'at once'): Promise<void> {
  if (manner === 'cleanly') {
    signal(pid, 'SIGINT');
    if (await awaitExit(pid, FAST_STOP_MS)) return;
  }
  signal(pid, 'SIGQUIT');
  if (await awaitExit(pid, IMMEDIATE_STOP_MS)) return;
  signal(pid, 'SIGKILL');
  if (await awaitExit(pid, KILL_MS)) return;
  throw new PostgresError('WILL_NOT_STOP', `PostgreSQL (pid ${pid}) does not end`);
}

/** @returns the size after trimming, where this start's own lines begin. */
async function trimLog(log: string): Promise<number> {
  const size = (await stat(log).catch(() => undefined))?.size ?? 0;
  if (size <= LARGEST_LOG_BYTES) return size;
  await truncate(log, 0);
  return 0;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
