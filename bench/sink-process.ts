import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SinkReport } from './sink.ts';

export interface Sink {
  readonly url: string;
  report(): Promise<SinkReport>;
  reset(): Promise<void>;
  stop(): void;
}

export async function startSink(): Promise<Sink> {
  const child = fork(join(import.meta.dirname, 'sink.ts'));
  const { port } = await answer<{ port: number }>(child);
  return {
    url: `http://127.0.0.1:${port}`,
    report: () => ask<SinkReport>(child, 'report'),
    reset: async () => void (await ask(child, 'reset')),
    stop: () => child.disconnect(),
  };
}

/** One question at a time: the benchmark asks in turn. */
function ask<Answer>(child: ChildProcess, question: string): Promise<Answer> {
  const reply = answer<Answer>(child);
  child.send(question);
  return reply;
}

async function answer<Answer>(child: ChildProcess): Promise<Answer> {
  const [message] = (await once(child, 'message')) as [Answer];
  return message;
}
