/** Folders of throwaway servers, named by the process they belong to, so that a killed test run is cleaned up after. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stopPostmaster } from './postmaster.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { commandLine, isAlive } from './process-table.ts';

const run = promisify(execFile);
const PREFIX = 'tidegate-throwaway-';

/** @param copyOf a data folder to start from. */
export async function makeThrowawayFolder(copyOf?: string): Promise<string> {
  await removeAbandoned();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // mkdtemp makes it 0700; the server's user may be another. What is inside protects itself.
  await chmod(folder, 0o755);
  if (copyOf !== undefined) await copyFolder(join(copyOf, 'postgres'), join(folder, 'postgres'));
  return folder;
}

/** `cp -a` keeps the owner, which node's own copy does not, and is three times as fast on a thousand small files. */
async function copyFolder(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to]);
}

async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX) || isAlive(Number(name.slice(PREFIX.length).split('-')[0]))) continue;
    await removeServer(join(tmpdir(), name)).catch(() => undefined);
  }
}

async function removeServer(folder: string): Promise<void> {
  const data = join(folder, 'postgres', 'data');
  const found = await readPostmasterFile(data);
  if (found !== undefined && (await commandLine(found.pid))?.includes(`-D ${data} `) === true) {
    await stopPostmaster(found.pid, 'at once');
  }
  await rm(folder, { recursive: true, force: true });
}
