/** The emulator in a virtual environment of its own, kept between runs (`.cache/ministack`, 107 MB). */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Python } from './python.ts';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const INSTALL_TIMEOUT_MS = 120_000;

/**
 * @param cache folder that keeps environments, one for each Python and set of versions.
 * @returns the environment's own Python, for `-m ministack`.
 * @throws Error with pip's words when the packages cannot be had.
 */
export async function installEmulator(python: Python, cache: string): Promise<string> {
  const key = createHash('sha256').update(`${python.version} ${await readFile(REQUIREMENTS, 'utf8')}`);
  const folder = join(cache, key.digest('hex').slice(0, 16));
  const executable = join(folder, 'bin', 'python');
  if ((await stat(executable).catch(() => undefined)) !== undefined) return executable;
  await mkdir(cache, { recursive: true });
  const half = await mkdtemp(join(cache, 'half-'));
  try {
    await run(python.command, ['-m', 'venv', half]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
    await run(join(half, 'bin', 'python'), pip, { timeout: INSTALL_TIMEOUT_MS });
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
