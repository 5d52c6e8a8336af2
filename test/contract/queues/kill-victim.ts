/**
 * A process to be killed: sends, receives, and then deletes, delays or keeps what it received, as fast as it can. Tells
 * each step on stdout before it begins (`will-…`) and after it was acknowledged, one JSON array a line.
 */
import { writeSync } from 'node:fs';
import type { ReceivedMessage } from '../../../local/queues/message.ts';
import { openQueueStore } from '../../../local/queues/queue-store.ts';

const [, , file] = process.argv;
if (file === undefined) throw new Error('usage: kill-victim.ts <database file>');

const store = openQueueStore({ file });
await store.createQueue({ name: 'work', visibilityTimeoutSeconds: 600 });

const tell = (step: string, bodies: readonly string[]): void => {
  writeSync(1, `${JSON.stringify([step, ...bodies])}\n`);
};

async function sendForever(sender: number): Promise<never> {
  for (let round = 0; ; round += 1) {
    const entries = Array.from({ length: 10 }, (_, n) => ({ id: `${n}`, body: `${sender}-${round}-${n}` }));
    await store.sendBatch('work', entries);
    tell(
      'sent',
      entries.map(({ body }) => body),
    );
  }
}

async function finish(messages: readonly ReceivedMessage[], what: 'deleted' | 'delayed'): Promise<void> {
  const bodies = messages.map(({ body }) => body);
  const entries = messages.map(({ receiptHandle }, n) => ({
    id: `${n}`,
    receiptHandle,
    visibilityTimeoutSeconds: 900,
  }));
  tell(`will-be-${what}`, bodies);
  if (what === 'deleted') await store.deleteBatch('work', entries);
  else await store.changeVisibilityBatch('work', entries);
  tell(what, bodies);
}

async function receiveForever(pollerId: string): Promise<never> {
  for (;;) {
    const messages = await store.receive({ queue: 'work', max: 10, waitMs: 20_000, pollerId });
    const part = (from: number, to: number) => messages.slice(from, to);
    tell(
      'received',
      messages.map(({ body }) => body),
    );
    if (messages.length < 10) continue;
    await Promise.all([finish(part(0, 6), 'deleted'), finish(part(6, 8), 'delayed')]);
  }
}

await Promise.all([sendForever(1), sendForever(2), receiveForever('deliver-1'), receiveForever('deliver-2')]);
