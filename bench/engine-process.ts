import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EngineProcess {
  readonly url: string;
  readonly pid: number;
  /** Base URLs of the local AWS services. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Names and URLs that the stack gives out. */
  readonly outputs: Readonly<Record<string, string>>;
  /** From spawn to engine.json, which is written when everything answers. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** `npm start` with its defaults (durable), on a free port and a fresh data folder that goes away at the end. */
export async function startEngine(contextArguments: readonly string[] = []): Promise<EngineProcess> {
  const data = await mkdtemp(join(tmpdir(), 'tidegate-bench-'));
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    ['bin/local.ts', '--port', '0', '--data', data, ...contextArguments.flatMap((pair) => ['-c', pair])],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const engine = await engineFile(join(data, 'engine.json'), () => child.exitCode !== null);
  return {
    url: engine.url,
    pid: engine.pid,
    endpoints: engine.endpoints,
    outputs: engine.outputs,
    startMs: performance.now() - startedMs,
    stop: async () => {
      process.kill(engine.pid, 'SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

type EngineFile = Pick<EngineProcess, 'url' | 'pid' | 'endpoints' | 'outputs'>;

async function engineFile(path: string, hasEnded: () => boolean): Promise<EngineFile> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text !== '') return JSON.parse(text) as EngineFile;
    if (hasEnded()) throw new Error('the engine ended before it was ready; run npm start to see why');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
