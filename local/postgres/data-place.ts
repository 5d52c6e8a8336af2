/** Where a cluster's files lie: `<dataFolder>/postgres`, unless the server's user cannot get there. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { giveTo, isReachableByOthers, openRoom, serverIdentity } from './identity.ts';
import { PostgresError } from './postgres-error.ts';

export interface DataPlace {
  /** PGDATA, owned by the server's user, 0700. */
  readonly data: string;
  /** What the server writes to stderr. */
  readonly log: string;
  /** Password of the owner, 0600, readable to this process alone. */
  readonly passwordFile: string;
}

/**
 * Under root, with a data folder that uid 65534 cannot walk to (a clone in a 0700 home), the cluster goes to
 * `/var/lib/tidegate/data-<hash of the folder's path>` and `<dataFolder>/postgres/location` says so.
 * Rejected: opening the user's folders with chmod, and moving the whole data folder.
 * @throws PostgresError UNREACHABLE_FOLDER, FOREIGN_FOLDER
 */
export async function findDataPlace(dataFolder: string): Promise<DataPlace> {
  const home = join(resolve(dataFolder), 'postgres');
  await mkdir(home, { recursive: true });
  const identity = serverIdentity();
  // The umask may have closed it, and it holds nothing that its inner folders do not protect themselves.
  if (identity !== undefined) await chmod(home, 0o755);
  const room = await roomFor(home);
  const data = join(room, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  await giveTo(identity, data);
  return { data, log: join(home, 'postgres.log'), passwordFile: join(home, 'owner-password') };
}

async function roomFor(home: string): Promise<string> {
  if (serverIdentity() === undefined) return home;
  const pointer = join(home, 'location');
  const known = await readFile(pointer, 'utf8').catch(() => undefined);
  if (known !== undefined) return await existing(known.trim(), pointer);
  if (await isReachableByOthers(home)) return home;
  const room = await openRoom(`data-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`, home);
  await writeFile(pointer, `${room}\n`);
  return room;
}

// Starting anew here would look like the loss of everything.
async function existing(room: string, pointer: string): Promise<string> {
  if ((await stat(room).catch(() => undefined)) !== undefined) return room;
  throw new PostgresError(
    'UNREACHABLE_FOLDER',
    `the database lies in ${room}, as ${pointer} says, which is gone. Bring it back, or delete ${pointer} to start anew.`,
  );
}
