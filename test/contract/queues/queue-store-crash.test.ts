/** What is on disk after a clean close, after a kill -9, and after a commit that fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GroupCommit } from '../../../local/queues/group-commit.ts';
import { QueueBook } from '../../../local/queues/queue-book.ts';
import { QueueDatabase } from '../../../local/queues/queue-database.ts';
import { queueSettings } from '../../../local/queues/queue-properties.ts';
import { openQueueStore, type QueueStore } from '../../../local/queues/queue-store.ts';
import { ServiceError } from '../../../local/services/service.ts';
import { type TemporaryFolder, temporaryFolder } from '../service-bench.ts';

let folder: TemporaryFolder;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'queues.db');
});
afterEach(() => folder.remove());

describe('after a restart', () => {
  it('messages, receipts, receive counts and delays are as they were', async () => {
    let now = Date.UTC(2026, 0, 1);
    const open = () => openQueueStore({ file, now: () => now });
    const before = open();
    await before.createQueue({ name: 'work', visibilityTimeoutSeconds: 60 });
    const attributes = { zone: { dataType: 'String', stringValue: 'eu' } };
    await before.send('work', { body: 'received', groupId: 'wh_1', attributes });
    await before.send('work', { body: 'ready' });
    await before.send('work', { body: 'delayed', delaySeconds: 900 });
    const [held] = await before.receive({ queue: 'work' });
    await before.close();

    const after = open();
    expect(after.counts('work')).toEqual({ visible: 1, inFlight: 1, delayed: 1 });
    now += 60_000;
    const messages = await after.receive({ queue: 'work', max: 10 });
    expect(messages.map(({ body, receiveCount }) => [body, receiveCount])).toEqual([
      ['ready', 1],
      ['received', 2],
    ]);
    expect(messages[1]).toMatchObject({ messageId: held?.messageId, groupId: 'wh_1', attributes });
    // The receipt from before the restart is no longer the latest one.
    await after.deleteBatch('work', [{ id: 'old', receiptHandle: held?.receiptHandle ?? '' }]);
    expect(after.counts('work').inFlight).toBe(2);
    await after.deleteBatch('work', [{ id: 'new', receiptHandle: messages[1]?.receiptHandle ?? '' }]);
    expect(after.counts('work').inFlight).toBe(1);
    await after.close();
  });

  it('a receipt of a deleted message never fits a later one', async () => {
    const before = openQueueStore({ file });
    await before.createQueue({ name: 'work' });
    await before.send('work', { body: 'first' });
    const [first] = await before.receive({ queue: 'work' });
    const receipt = [{ id: 'one', receiptHandle: first?.receiptHandle ?? '' }];
    await before.deleteBatch('work', receipt);
    await before.close();
    const after = openQueueStore({ file });
    await after.send('work', { body: 'second' });
    await after.receive({ queue: 'work' });
    await after.deleteBatch('work', receipt);
    expect(after.counts('work').inFlight).toBe(1);
    await after.close();
  });

  it('a move task goes on', async () => {
    const before = openQueueStore({ file });
    await before.createQueue({ name: 'dead' });
    await before.createQueue({ name: 'work', redrive: { deadLetterQueue: 'dead', maxReceiveCount: 1 } });
    await before.send('work', { body: 'poison' });
    await before.receive({ queue: 'work', visibilityTimeoutSeconds: 0 });
    await before.receive({ queue: 'work' });
    await before.moves.start({ source: 'dead' });
    await before.close();
    const after = openQueueStore({ file });
    const [message] = await after.receive({ queue: 'work', waitMs: 20_000 });
    expect(message?.body).toBe('poison');
    await after.close();
  });

  it('a second store on the same file is refused', async () => {
    const store = openQueueStore({ file });
    await store.createQueue({ name: 'work' });
    expect(() => openQueueStore({ file })).toThrow(/locked/);
    await store.close();
  });
});

describe('after kill -9', () => {
  /** The steps that the victim told of, from its start to its death in the middle of them. */
  async function killAfter(lines: number): Promise<Map<string, Set<string>>> {
    const script = join(import.meta.dirname, 'kill-victim.ts');
    const flags = ['--disable-warning=ExperimentalWarning', script, file];
    const victim = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    const died = once(victim, 'exit');
    const told = new Map<string, Set<string>>();
    let count = 0;
    for await (const line of createInterface({ input: victim.stdout })) {
      const [step, ...bodies] = JSON.parse(line) as [string, ...string[]];
      const seen = told.get(step) ?? new Set();
      for (const body of bodies) seen.add(body);
      told.set(step, seen);
      count += 1;
      if (count === lines) victim.kill('SIGKILL');
    }
    const [, signal] = await died;
    expect(signal).toBe('SIGKILL');
    return told;
  }

  async function drain(store: QueueStore): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (;;) {
      const messages = await store.receive({ queue: 'work', max: 10 });
      for (const { body, receiveCount } of messages) found.set(body, receiveCount);
      if (messages.length === 0) return found;
    }
  }

  it('all that was acknowledged is there, and what pollers held can be received at once', async () => {
    const told = await killAfter(2_000);
    const bodies = (step: string) => told.get(step) ?? new Set<string>();
    expect(bodies('deleted').size).toBeGreaterThan(100);

    const store = openQueueStore({ file });
    const waitingBefore = store.counts('work').inFlight;
    const released = await store.recover();
    const waiting = store.counts('work').inFlight;
    expect(waiting).toBe(waitingBefore - released);
    const found = await drain(store);

    const lost = [...bodies('sent')].filter(
      (body) => !found.has(body) && !bodies('will-be-deleted').has(body) && !bodies('will-be-delayed').has(body),
    );
    expect(lost).toEqual([]);
    expect([...bodies('deleted')].filter((body) => found.has(body))).toEqual([]);
    expect([...bodies('delayed')].filter((body) => found.has(body))).toEqual([]);
    expect(waiting).toBeGreaterThanOrEqual(bodies('delayed').size);
    expect(waiting).toBeLessThanOrEqual(bodies('will-be-delayed').size);
    const forgotten = [...found].filter(([body, receiveCount]) => bodies('received').has(body) && receiveCount < 2);
    expect(forgotten).toEqual([]);
    await store.close();
  });
});

describe('after a transaction that was lost', () => {
  it('memory is what is on disk', async () => {
    const database = new QueueDatabase(file);
    const book = new QueueBook({ database, now: Date.now, inFlightLimit: 10 });
    const commit = new GroupCommit({
      transactions: database,
      beforeCommit: () => undefined,
      onCommitted: () => undefined,
      onLost: () => book.load(),
    });
    const take = { max: 10, visibilityTimeoutSeconds: undefined, heldBy: undefined };
    await commit.run(() => {
      book.createQueue(queueSettings({ name: 'work' }));
      book.put(book.queue('work'), { body: 'kept', delaySeconds: 0 });
    });
    const lost = await Promise.allSettled([
      commit.run(() => book.take(book.queue('work'), take)),
      commit.run(() => book.createQueue(queueSettings({ name: 'lost' }))),
      commit.run(() => book.put(book.queue('work'), { body: 'lost' })),
      commit.run(() => {
        throw new Error('disk full');
      }),
    ]);
    expect(lost.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    expect(book.find('lost')).toBeUndefined();
    expect(book.queue('work').counts).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
    const messages = await commit.run(() => book.take(book.queue('work'), take));
    expect(messages.map(({ body, receiveCount }) => [body, receiveCount])).toEqual([['kept', 1]]);
    database.close();
  });
});

describe('a commit', () => {
  const transactions = (commit: () => void) => ({ begin: () => undefined, commit, rollback: () => undefined });
  const props = { beforeCommit: () => undefined, onCommitted: () => undefined };

  it('is shared by all of one turn', async () => {
    let commits = 0;
    const group = new GroupCommit({ ...props, transactions: transactions(() => commits++), onLost: () => undefined });
    expect(await Promise.all([1, 2, 3].map((n) => group.run(() => n)))).toEqual([1, 2, 3]);
    expect(commits).toBe(1);
    await group.run(() => 4);
    expect(commits).toBe(2);
  });

  it('that fails fails all that shared it, as something to try again', async () => {
    const lost: unknown[] = [];
    const full = new Error('disk full');
    const fail = () => {
      throw full;
    };
    const group = new GroupCommit({ ...props, transactions: transactions(fail), onLost: (cause) => lost.push(cause) });
    const outcomes = await Promise.allSettled([group.run(() => 1), group.run(() => 2)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'InternalFailure', status: 500 } });
    }
    expect(lost).toEqual([full]);
  });

  it('is lost with a write that fails in it, but not with a request that is refused', async () => {
    const lost: unknown[] = [];
    let commits = 0;
    const group = new GroupCommit({
      ...props,
      transactions: transactions(() => commits++),
      onLost: (cause) => lost.push(cause),
    });
    const refuse = () => {
      throw new ServiceError('InvalidParameterValue', 'no');
    };
    const [good, refused] = await Promise.allSettled([group.run(() => 'good'), group.run(refuse)]);
    expect(good).toEqual({ status: 'fulfilled', value: 'good' });
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'InvalidParameterValue' } });
    const broken = () => {
      throw new Error('malformed');
    };
    const all = await Promise.allSettled([group.run(() => 'good'), group.run(broken)]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(lost).toHaveLength(1);
    expect(commits).toBe(1);
  });
});
