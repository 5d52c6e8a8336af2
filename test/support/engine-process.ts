/** `npm start` as a process of its own, on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineFile, readEngineFile } from '../../local/engine/engine-file.ts';
import { eventually } from './eventually.ts';

const ROOT = join(import.meta.dirname, '..', '..');
// Less than a test may take (60 s): what did not start in time must still be ended.
const START_MS = 45_000;

export interface EngineProps {
  /** As `-c key=value`. */
  readonly context?: Readonly<Record<string, string>>;
  /** Further arguments, such as `--memory`. */
  readonly args?: readonly string[];
  /** Not removed by `stop`. @default a fresh one, which is */
  readonly dataFolder?: string;
}

export interface EngineProcess extends EngineFile {
  readonly dataFolder: string;
  /** What it has printed so far, both streams. */
  readonly output: () => string;
  /** SIGTERM, and the end of the process. */
  stop(): Promise<void>;
  /** SIGKILL: nobody is told, nothing is cleaned up. */
  kill9(): Promise<void>;
}

/** @throws Error with what it printed, when it ends before it is ready. */
export async function startEngineProcess(props: EngineProps = {}): Promise<EngineProcess> {
  const dataFolder = props.dataFolder ?? (await makeDataFolder());
  const context = Object.entries(props.context ?? {}).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const args = ['bin/local.ts', '--port', '0', '--data', dataFolder, ...context, ...(props.args ?? [])];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Jest's own variables (module flags, worker ids) are none of the engine's business.
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  const printed: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => printed.push(chunk));
  const output = (): string => Buffer.concat(printed).toString('utf8');
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (!hasEnded(child)) child.kill(signal);
    await ended;
  };
  const stop = async (): Promise<void> => {
    await end('SIGTERM');
    if (props.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true });
  };
  const file = await readyFile(child, dataFolder, output).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { ...file, dataFolder, output, stop, kill9: () => end('SIGKILL') };
}

/** Open to walk through: under root, PostgreSQL runs as another user and would keep its files elsewhere. */
export async function makeDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-e2e-'));
  await chmod(folder, 0o755);
  return folder;
}

/** A file of an earlier engine may lie there still; its pid tells them apart. */
async function readyFile(child: ChildProcess, dataFolder: string, output: () => string): Promise<EngineFile> {
  let file: EngineFile | undefined;
  await eventually(() => {
    if (hasEnded(child)) throw new Error(`the engine ended before it was ready:\n${output()}`);
    file = readEngineFile(join(dataFolder, 'engine.json'));
    return file !== undefined && file.pid === child.pid;
  }, START_MS);
  if (file === undefined) throw new Error('unreachable: it was read');
  return file;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
