/** MiniStack, an emulator of AWS that takes the real CDK command line, with identity checks and TLS on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { awaitExit, isAlive } from '../../../local/postgres/process-table.ts';
import { signalGroup } from '../process-group.ts';
import { PID_FILE } from '../story-folder.ts';
import { freePort } from './free-port.ts';
import { clientVariables, emulatorVariables } from './surroundings.ts';

export interface EmulatorProps {
  /** Python that has the emulator. */
  readonly python: string;
  /** For its certificate, its functions and its output. */
  readonly folder: string;
  readonly dataApiUrl: string;
}

export interface Emulator {
  /** Of every service. */
  readonly url: string;
  readonly pid: number;
  /** For a process that talks to it. */
  readonly variables: Readonly<Record<string, string>>;
  /** What it has written so far. */
  output(): Promise<string>;
  /** Ends it and every function it runs. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
// It ends within 2 s, unless a custom resource still waits for its answer.
const TERM_MS = 5_000;
const KILL_MS = 5_000;

/** @throws Error with its output when it does not answer in time. */
export async function startEmulator({ python, folder, dataApiUrl }: EmulatorProps): Promise<Emulator> {
  const port = await freePort();
  const certificate = join(folder, 'ministack-tls', 'server.crt');
  const log = join(folder, 'emulator.log');
  const surroundings = { folder, port, certificate };
  const child = launch(python, log, emulatorVariables({ ...surroundings, dataApiUrl }));
  const { pid } = child;
  if (pid === undefined) throw new Error(`${python} could not be started`);
  await writeFile(join(folder, PID_FILE), String(pid));
  const output = () => readFile(log, 'utf8').catch(() => '');
  const url = `https://localhost:${port}`;
  const stop = () => stopGroup(pid);
  try {
    await ready(pid, url, certificate);
  } catch (error) {
    await stop();
    throw new Error(`the emulator did not start: ${(error as Error).message}\n${await output()}`, { cause: error });
  }
  return { url, pid, variables: clientVariables(surroundings), output, stop };
}

/** In a process group of its own, so that its functions can be ended with it. */
function launch(python: string, log: string, variables: Readonly<Record<string, string>>): ChildProcess {
  const file = openSync(log, 'a');
  try {
    return spawn(python, ['-m', 'ministack'], { env: variables, stdio: ['ignore', file, file], detached: true });
  } finally {
    closeSync(file);
  }
}

async function ready(pid: number, url: string, certificate: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let isTrusted = false;
  for (;;) {
    if (!isAlive(pid)) throw new Error('it ended');
    if (Date.now() > deadline) throw new Error(`no answer within ${START_TIMEOUT_MS} ms`);
    isTrusted ||= await trust(certificate);
    const isReady = isTrusted && (await answers(url));
    if (isReady) return;
    await delay(50);
  }
}

/** From now on, in this process. @returns false while the certificate is not written yet. */
async function trust(certificate: string): Promise<boolean> {
  const text = await readFile(certificate, 'utf8').catch(() => '');
  if (!text.includes('END CERTIFICATE')) return false;
  setDefaultCACertificates([...getCACertificates('default'), text]);
  return true;
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(`${url}/_ministack/health`).catch(() => undefined);
  return response?.ok === true;
}

async function stopGroup(pid: number): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  if (!(await awaitExit(pid, TERM_MS))) {
    signalGroup(pid, 'SIGKILL');
    if (!(await awaitExit(pid, KILL_MS))) throw new Error(`the emulator (pid ${pid}) does not end`);
  }
  // Functions that did not hear of it.
  signalGroup(pid, 'SIGKILL');
}
