/**
 * Who the server runs as. PostgreSQL refuses root ("cannot be run as root"), so under root it runs as 65534 (nobody),
 * who must be able to walk to the binaries and the data.
 */
import { chmod, chown, lstat, mkdir, stat } from 'node:fs/promises';
import { dirname, join, parse, sep } from 'node:path';
import { PostgresError } from './postgres-error.ts';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: Identity = { uid: 65_534, gid: 65_534 };

/**
 * Where a root-run engine keeps what nobody must reach when its own folder is closed to others (a clone under /root).
 * Not /var/tmp: systemd-tmpfiles deletes there what is 30 days old.
 */
export const OPEN_ROOM = '/var/lib/tidegate';

/** @returns undefined when the server simply runs as this process's own user. */
export function serverIdentity(): Identity | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/** Whether others may walk through every folder on the way to `path`, as far as it exists. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  for (const folder of ancestors(path)) {
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined) return true;
    if (found.isDirectory() && (found.mode & 0o001) === 0) return false;
  }
  return true;
}

/**
 * A folder under `/var/lib/tidegate`, made on first use.
 * @throws PostgresError UNREACHABLE_FOLDER when it cannot be made, FOREIGN_FOLDER when someone else put it there.
 */
export async function openRoom(name: string, wantedBy: string): Promise<string> {
  const folder = join(OPEN_ROOM, name);
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new PostgresError(
      'UNREACHABLE_FOLDER',
      `PostgreSQL cannot run as root, its user ${NOBODY.uid} cannot walk to ${wantedBy}, and ${folder} cannot be made. ` +
        'Run as an ordinary user, or give --data a folder that others may walk to (chmod o+x on each folder above it).',
      { cause: error },
    );
  }
  for (const path of [OPEN_ROOM, folder]) {
    await refuseForeign(path);
    // The umask may have closed it.
    await chmod(path, 0o755);
  }
  return folder;
}

export async function giveTo(identity: Identity | undefined, path: string): Promise<void> {
  if (identity !== undefined) await chown(path, identity.uid, identity.gid);
}

// A name that can be guessed in a folder that others may write to could have been planted.
async function refuseForeign(path: string): Promise<void> {
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new PostgresError('FOREIGN_FOLDER', `${path} was not made by this user, or others may write to it`);
  }
}

function ancestors(path: string): string[] {
  const { root } = parse(path);
  const found: string[] = [];
  for (let folder = path; folder !== root && folder !== sep; folder = dirname(folder)) found.unshift(folder);
  return [root, ...found];
}
