import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EngineProcess {
  readonly url: string;
  readonly pid: number;
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
    startMs: performance.now() - startedMs,
    stop: async () => {
      process.kill(engine.pid, 'SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function engineFile(path: string, hasEnded: () => boolean): Promise<{ url: string; pid: number }> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text !== '') return JSON.parse(text) as { url: string; pid: number };
    if (hasEnded()) throw new Error('the engine ended before it was ready; run npm start to see why');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
