/** What no wire test can wait for: days, twelve hours, 120,000 messages, a crash. The clock is the test's own. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReceivedMessage } from '../../../local/queues/message.ts';
import type { QueueProps } from '../../../local/queues/queue-properties.ts';
import { openQueueStore, type QueueStore } from '../../../local/queues/queue-store.ts';
import type { ReceiveProps } from '../../../local/queues/receiver.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

describe('queue store', () => {
  let store: QueueStore;
  let now: number;
  const queue = 'work';
  const faults: unknown[] = [];

  const open = async (props: Partial<QueueProps> = {}, inFlightLimit = 120_000): Promise<void> => {
    store = openQueueStore({ file: ':memory:', now: () => now, inFlightLimit, onFault: (fault) => faults.push(fault) });
    await store.createQueue({ name: 'dead' });
    await store.createQueue({ name: queue, ...props });
  };
  const send = (body: string, groupId?: string) => store.send(queue, { body, groupId });
  const receive = (props: Partial<ReceiveProps> = {}) => store.receive({ queue, ...props });
  const receiveOne = async (props: Partial<ReceiveProps> = {}): Promise<ReceivedMessage> => {
    const [message] = await receive(props);
    if (message === undefined) throw new Error('nothing was received');
    return message;
  };
  const hide = async (message: ReceivedMessage, visibilityTimeoutSeconds: number) => {
    const entry = { id: 'one', receiptHandle: message.receiptHandle, visibilityTimeoutSeconds };
    const [outcome] = await store.changeVisibilityBatch(queue, [entry]);
    return outcome;
  };
  const remove = (messages: readonly ReceivedMessage[]) =>
    store.deleteBatch(
      queue,
      messages.map(({ receiptHandle }, n) => ({ id: `${n}`, receiptHandle })),
    );

  beforeEach(() => {
    now = Date.UTC(2026, 0, 1);
    faults.length = 0;
  });
  afterEach(async () => {
    await store.close();
    expect(faults).toEqual([]);
  });

  describe('time', () => {
    it('forgets a message at the end of its retention, in whatever state', async () => {
      await open({ messageRetentionSeconds: 4 * 86_400, visibilityTimeoutSeconds: 43_200 });
      await send('ready');
      await send('in flight');
      now += 4 * DAY - SECOND;
      await receive();
      await send('younger');
      expect(store.counts(queue)).toEqual({ visible: 2, inFlight: 1, delayed: 0 });
      now += SECOND;
      expect(store.counts(queue)).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
      expect((await receiveOne()).body).toBe('younger');
    });

    it('counts the age in a dead-letter queue from the first enqueue', async () => {
      await open({
        messageRetentionSeconds: 14 * 86_400,
        redrive: { deadLetterQueue: 'dead', maxReceiveCount: 1 },
      });
      await store.createQueue({ name: 'dead', messageRetentionSeconds: 14 * 86_400 });
      await send('poison');
      now += 10 * DAY;
      await receive({ visibilityTimeoutSeconds: 0 });
      await receive();
      expect(store.counts('dead').visible).toBe(1);
      now += 4 * DAY;
      expect(store.counts('dead').visible).toBe(0);
    });

    it('delays up to 900 s, to the millisecond', async () => {
      await open();
      await store.send(queue, { body: 'later', delaySeconds: 900 });
      now += 900 * SECOND - 1;
      expect(await receive()).toEqual([]);
      now += 1;
      expect((await receiveOne()).body).toBe('later');
    });

    it('hides no message for more than 12 h in all since its receive', async () => {
      await open();
      await send('slow');
      const message = await receiveOne();
      now += 10 * SECOND;
      expect(await hide(message, 43_191)).toMatchObject({ isDone: false, code: 'InvalidParameterValue' });
      expect(await hide(message, 43_190)).toMatchObject({ isDone: true });
      now += 43_190 * SECOND;
      const again = await receiveOne();
      expect(again.receiveCount).toBe(2);
      expect(await hide(again, 43_200)).toMatchObject({ isDone: true });
    });

    it('hands out in the order in which messages became visible', async () => {
      await open();
      await store.send(queue, { body: 'third', delaySeconds: 30 });
      await store.send(queue, { body: 'second', delaySeconds: 20 });
      now += 10 * SECOND;
      await send('first');
      now += HOUR;
      const bodies = (await receive({ max: 10 })).map(({ body }) => body);
      expect(bodies).toEqual(['first', 'second', 'third']);
    });
  });

  describe('limit in flight', () => {
    it('is OverLimit without a wait, and nothing with one, until a message is deleted', async () => {
      await open({}, 3);
      for (const body of ['1', '2', '3', '4']) await send(body);
      const held = await receive({ max: 10 });
      expect(held).toHaveLength(3);
      await expect(receive()).rejects.toMatchObject({ code: 'OverLimit', status: 403 });
      const waiting = receive({ waitMs: 20_000 });
      await remove(held.slice(0, 1));
      expect((await waiting).map(({ body }) => body)).toEqual(['4']);
    });

    it('does not count delayed messages', async () => {
      await open({}, 1);
      await store.send(queue, { body: 'delayed', delaySeconds: 60 });
      await send('now');
      expect((await receiveOne()).body).toBe('now');
    });
  });

  describe('long poll', () => {
    it('ends with nothing when its signal aborts, and leaves the message to the next', async () => {
      await open();
      const stop = new AbortController();
      const waiting = receive({ waitMs: 20_000, signal: stop.signal });
      stop.abort();
      expect(await waiting).toEqual([]);
      const next = receive({ waitMs: 20_000 });
      await send('for the next');
      expect(await receive({ signal: stop.signal })).toEqual([]);
      expect((await next).map(({ body }) => body)).toEqual(['for the next']);
    });

    it('serves those who wait in their order, with all that came in one turn', async () => {
      await open();
      const [first, second] = [receive({ waitMs: 20_000, max: 2 }), receive({ waitMs: 20_000, max: 2 })];
      await Promise.all([send('1'), send('2'), send('3')]);
      expect((await first).map(({ body }) => body)).toEqual(['1', '2']);
      expect((await second).map(({ body }) => body)).toEqual(['3']);
    });

    it('wakes when a hidden message becomes visible', async () => {
      await open();
      await send('a');
      const message = await receiveOne();
      const waiting = receive({ waitMs: 20_000 });
      expect(await hide(message, 0)).toMatchObject({ isDone: true });
      expect((await waiting).map(({ receiveCount }) => receiveCount)).toEqual([2]);
    });

    it('is ended by close, and nothing is taken after it', async () => {
      await open();
      const waiting = receive({ waitMs: 20_000 });
      await store.close();
      expect(await waiting).toEqual([]);
      await expect(send('late')).rejects.toMatchObject({ code: 'ServiceUnavailable', status: 503 });
      await expect(receive()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    });
  });

  describe('fair order', () => {
    /** 40 messages of the noisy group in flight, and more of it in front of the line. */
    const makeNoise = async (backlog: number): Promise<ReceivedMessage[]> => {
      for (let n = 0; n < 40 + backlog; n += 1) await send(`noisy-${n}`, 'noisy');
      const held: ReceivedMessage[] = [];
      while (held.length < 40) held.push(...(await receive({ max: 10 })));
      return held;
    };
    const bodies = async (max: number) => (await receive({ max })).map(({ body }) => body);

    it('lets other groups, and messages of none, pass a noisy one', async () => {
      await open();
      await makeNoise(100);
      await send('quiet-1', 'quiet');
      await send('alone');
      await send('quiet-2', 'other');
      expect(await bodies(4)).toEqual(['quiet-1', 'alone', 'quiet-2', 'noisy-40']);
    });

    it('serves the noisy group when nobody else has anything', async () => {
      await open();
      await makeNoise(15);
      expect(await bodies(10)).toEqual(Array.from({ length: 10 }, (_, n) => `noisy-${40 + n}`));
    });

    it('gives the group its turn back once it is quiet', async () => {
      await open();
      const held = await makeNoise(5);
      await send('quiet-1', 'quiet');
      expect(await bodies(1)).toEqual(['quiet-1']);
      for (let n = 0; n < held.length; n += 10) await remove(held.slice(n, n + 10));
      await send('quiet-2', 'quiet');
      expect(await bodies(6)).toEqual(['noisy-40', 'noisy-41', 'noisy-42', 'noisy-43', 'noisy-44', 'quiet-2']);
    });

    it('is first in, first out, below 30 in flight', async () => {
      await open();
      for (let n = 0; n < 35; n += 1) await send(`busy-${n}`, 'busy');
      await send('quiet', 'quiet');
      for (let n = 0; n < 28; n += 1) await receiveOne();
      expect(await bodies(2)).toEqual(['busy-28', 'busy-29']);
      expect(await bodies(1)).toEqual(['quiet']);
    });
  });

  describe('pollers', () => {
    const held = async (pollerId: string | undefined) => {
      await send(`held by ${pollerId ?? 'nobody'}`);
      return receiveOne({ pollerId });
    };

    it('that died give their messages back, but for those that wait out a backoff', async () => {
      await open();
      await held('deliver-1');
      const backoff = await held('deliver-1');
      await held('gate-1');
      await held(undefined);
      await hide(backoff, 900);
      expect(await store.recover()).toBe(2);
      expect((await receive({ max: 10 })).map(({ body }) => body)).toEqual(['held by deliver-1', 'held by gate-1']);
      expect(store.counts(queue)).toEqual({ visible: 0, inFlight: 4, delayed: 0 });
    });

    it('leave nothing that counts as received for the first time', async () => {
      await open();
      await held('deliver-1');
      await store.send(queue, { body: 'never received' });
      expect(await store.distrustFirstReceives()).toBe(1);
      const fresh = await receiveOne();
      expect([fresh.body, fresh.receiveCount]).toEqual(['never received', 2]);
    });

    it('give their messages back one by one', async () => {
      await open();
      await held('deliver-1');
      await held('gate-1');
      const waiting = receive({ waitMs: 20_000 });
      expect(await store.releaseHeldBy('gate-1')).toBe(1);
      expect((await waiting).map(({ body }) => body)).toEqual(['held by gate-1']);
    });

    it('hold a message again after a second receive alone', async () => {
      await open();
      const message = await held('deliver-1');
      await hide(message, 0);
      await receiveOne();
      expect(await store.recover()).toBe(0);
    });
  });

  describe('move task', () => {
    const redrive = { deadLetterQueue: 'dead', maxReceiveCount: 1 };
    const kill = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        await send(`poison-${n}`, 'wh_1');
        await receiveOne({ visibilityTimeoutSeconds: 0 });
        await receive();
      }
      expect(store.counts('dead').visible).toBe(count);
    };

    it('moves at its rate and ends with what was there when it began', async () => {
      await open({ redrive });
      await kill(3);
      await store.moves.start({ source: 'dead', ratePerSecond: 500 });
      await send('the live one');
      const bodies: string[] = [];
      while (bodies.length < 4) {
        bodies.push(...(await receive({ max: 10, waitMs: 20_000 })).map(({ body, groupId }) => `${body} ${groupId}`));
      }
      expect(bodies).toEqual(['the live one undefined', 'poison-0 wh_1', 'poison-1 wh_1', 'poison-2 wh_1']);
      expect(store.moves.list('dead')).toMatchObject([{ status: 'COMPLETED', toMove: 3, moved: 3 }]);
    });

    it('can be cancelled, and runs once at a time', async () => {
      await open({ redrive });
      await kill(2);
      const handle = await store.moves.start({ source: 'dead', ratePerSecond: 1 });
      await expect(store.moves.start({ source: 'dead' })).rejects.toMatchObject({ code: 'UnsupportedOperation' });
      expect(await store.moves.cancel(handle)).toMatchObject({ status: 'CANCELLED', moved: 0 });
      await expect(store.moves.cancel(handle)).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
      expect(store.counts('dead').visible).toBe(2);
    });

    it('goes to another queue when told to, and fails without a way back', async () => {
      await open({ redrive });
      await store.createQueue({ name: 'elsewhere' });
      await store.send('dead', { body: 'sent here directly' });
      await store.moves.start({ source: 'dead', destination: 'elsewhere' });
      const [moved] = await store.receive({ queue: 'elsewhere', waitMs: 20_000 });
      expect(moved?.body).toBe('sent here directly');
      await store.send('dead', { body: 'another' });
      await store.moves.start({ source: 'dead' });
      const ended = async (): Promise<unknown> => {
        const [task] = store.moves.list('dead');
        if (task?.status !== 'RUNNING') return task;
        await new Promise(setImmediate);
        return ended();
      };
      expect(await ended()).toMatchObject({ status: 'FAILED', failureReason: 'CouldNotDetermineMessageSource' });
      expect(store.counts('dead').visible).toBe(1);
    });

    it.each([
      [{ source: queue }, 'InvalidParameterValue'],
      [{ source: 'nobody' }, 'ResourceNotFoundException'],
      [{ source: 'dead', destination: 'nobody' }, 'ResourceNotFoundException'],
      [{ source: 'dead', destination: 'dead' }, 'InvalidParameterValue'],
      [{ source: 'dead', ratePerSecond: 501 }, 'InvalidParameterValue'],
    ])('%o is %s', async (props, code) => {
      await open({ redrive });
      await expect(store.moves.start(props)).rejects.toMatchObject({ code });
    });
  });

  it.each([
    { visibilityTimeoutSeconds: 43_201 },
    { messageRetentionSeconds: 59 },
    { messageRetentionSeconds: 1_209_601 },
    { delaySeconds: 901 },
    { maxMessageBytes: 1_048_577 },
    { redrive: { deadLetterQueue: 'dead', maxReceiveCount: 1_001 } },
    { name: 'orders.fifo' },
  ])('refuses a queue with %o', async (props) => {
    await open();
    await expect(store.createQueue({ name: 'refused', ...props })).rejects.toMatchObject({
      code: 'InvalidParameterValue',
    });
    expect(store.queueNames()).toEqual(['dead', 'work']);
  });

  it('gives an existing queue its new attributes and keeps its messages', async () => {
    await open({ visibilityTimeoutSeconds: 30 });
    await send('kept');
    await store.createQueue({ name: queue, visibilityTimeoutSeconds: 60 });
    expect(store.describe(queue).settings.visibilityTimeoutSeconds).toBe(60);
    expect((await receiveOne()).body).toBe('kept');
    now += 59 * SECOND;
    expect(await receive()).toEqual([]);
  });
});
