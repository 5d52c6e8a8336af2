/** Makes a new cluster (initdb) with its owner and a random password. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { DataPlace } from './data-place.ts';
import { giveTo, serverIdentity } from './identity.ts';
import type { Installation } from './installation.ts';
import { PostgresError } from './postgres-error.ts';

export const OWNER = 'tidegate_owner';

const run = promisify(execFile);

/**
 * @returns the owner's password, of a new cluster or of the one that is there.
 * @throws PostgresError INITDB_FAILED
 */
export async function ensureCluster(installation: Installation, place: DataPlace, isMemory: boolean): Promise<string> {
  const version = await stat(join(place.data, 'PG_VERSION')).catch(() => undefined);
  if (version !== undefined) return (await readFile(place.passwordFile, 'utf8')).trim();
  const password = randomBytes(24).toString('base64url');
  await writeFile(place.passwordFile, password, { mode: 0o600 });
  await chmod(place.passwordFile, 0o600);
  await initialize({ installation, place, isMemory, password });
  return password;
}

interface InitializeProps {
  readonly installation: Installation;
  readonly place: DataPlace;
  readonly isMemory: boolean;
  readonly password: string;
}

/** In a folder beside, renamed when whole: a start that is killed half way leaves nothing that looks like a cluster. */
async function initialize({ installation, place, isMemory, password }: InitializeProps): Promise<void> {
  const identity = serverIdentity();
  const half = `${place.data}.new`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { mode: 0o700 });
  await giveTo(identity, half);
  // initdb takes the password only from a file, and reads it as the server's user.
  const passwordFile = join(dirname(place.data), `initdb-password-${process.pid}`);
  await writeFile(passwordFile, password, { mode: 0o600 });
  await giveTo(identity, passwordFile);
  try {
    await run(installation.initdb, initdbArguments(half, passwordFile, isMemory), {
      ...(identity === undefined ? {} : { uid: identity.uid, gid: identity.gid }),
      cwd: half,
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    });
  } catch (error) {
    throw new PostgresError('INITDB_FAILED', `initdb failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rm(place.data, { recursive: true, force: true });
  await rename(half, place.data);
}

function initdbArguments(data: string, passwordFile: string, isMemory: boolean): string[] {
  return [
    `--pgdata=${data}`,
    `--username=${OWNER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(isMemory ? ['--no-sync'] : []),
  ];
}
