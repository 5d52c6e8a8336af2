/** The emulator in a virtual environment of its own, kept between runs (`.cache/ministack`, 107 MB). */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Python } from './python.ts';

const run = promisify(execFile);
const HALF = 'half-';
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const INSTALL_TIMEOUT_MS = 110_000;

export interface InstallationProps {
  readonly python: Python;
  /** Folder that keeps environments, one for each Python and set of versions. */
  readonly cache: string;
  /** Ends an installation under way. */
  readonly signal: AbortSignal;
}

/**
 * @returns the environment's own Python, for `-m ministack`.
 * @throws Error with pip's words when the packages cannot be had.
 */
export async function installEmulator({ python, cache, signal }: InstallationProps): Promise<string> {
  const key = createHash('sha256').update(`${python.version} ${await readFile(REQUIREMENTS, 'utf8')}`);
  const folder = join(cache, key.digest('hex').slice(0, 16));
  const executable = join(folder, 'bin', 'python');
  if ((await stat(executable).catch(() => undefined)) !== undefined) return executable;
  await mkdir(cache, { recursive: true });
  await removeHalves(cache);
  const half = await mkdtemp(join(cache, HALF));
  try {
    await run(python.command, ['-m', 'venv', half], { signal });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
    await run(join(half, 'bin', 'python'), pip, { timeout: INSTALL_TIMEOUT_MS, signal });
    // Renamed when whole. The scripts in its bin/ name the old folder; `python -m` asks none of them.
    await rename(half, folder);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    // Another run was faster.
    if ((await stat(executable).catch(() => undefined)) !== undefined) return executable;
    throw error;
  }
  return executable;
}

/** Of installations that were killed; one that is under way is younger. */
async function removeHalves(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const folder = join(cache, name);
    const madeMs = name.startsWith(HALF) ? (await stat(folder)).birthtimeMs : Number.POSITIVE_INFINITY;
    if (Date.now() - madeMs > 2 * INSTALL_TIMEOUT_MS) await rm(folder, { recursive: true, force: true });
  }
}
