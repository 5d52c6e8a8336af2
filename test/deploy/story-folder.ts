/** The story's own folder, named by its process: what a killed run left is found and removed by the next. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, isAlive } from '../../local/postgres/process-table.ts';
import { signalGroup } from './process-group.ts';

const PREFIX = 'tidegate-deploy-';
/** Holds the emulator's process id. */
export const PID_FILE = 'emulator.pid';

export async function makeStoryFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const isOurs = name.startsWith(PREFIX) && !isAlive(Number(name.slice(PREFIX.length).split('-')[0]));
    if (isOurs) await removeAbandoned(join(tmpdir(), name));
  }
  return mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
}

async function removeAbandoned(folder: string): Promise<void> {
  const pid = Number(await readFile(join(folder, PID_FILE), 'utf8').catch(() => ''));
  // The number may be another process's by now.
  if (pid > 0 && (await commandLine(pid))?.includes('ministack') === true) signalGroup(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
