/** kill -9 of everything there is to kill, under load: what was answered 202 arrives. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { answer, answerAfter } from '../support/receivers/behaviours.ts';
import { type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { Account, ENDED } from './account.ts';
import { arrivals, doubled, type Load, missing, startLoad } from './load.ts';
import { Operator } from './operator.ts';

const CONTEXT = { retryScheduleSeconds: '1,1,2', sweepSeconds: '1' };
const KILLS = 3;
const ARRIVAL_MS = 50_000;

/** An account with receivers of its own, under load. */
interface Scene {
  readonly accountId: string;
  readonly receivers: readonly Receiver[];
  readonly load: Load;
}

let folder: string;
let engine: EngineProcess;
const scenes: Scene[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-kill-'));
  engine = await startEngineProcess({ context: CONTEXT, dataFolder: folder });
});

afterAll(async () => {
  for (const { load, receivers } of scenes) {
    await load.stop();
    for (const receiver of receivers) await receiver.close();
  }
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

async function underLoad(): Promise<Scene> {
  const account = await Account.login(engine);
  // One answers at once, one holds requests open, so that there is always something to be killed in the middle of.
  const receivers = [await startReceiver(answer(200)), await startReceiver(answerAfter(300))];
  for (const { url } of receivers) await account.webhook({ url });
  const { accountId } = account;
  const scene = { accountId, receivers, load: await startLoad(engine, accountId) };
  scenes.push(scene);
  return scene;
}

/** Goes on until `count` more events were accepted. */
async function accept({ load }: Scene, count: number): Promise<void> {
  const wanted = load.accepted.size + count;
  await eventually(() => load.accepted.size >= wanted, 30_000);
}

function missingOf({ load, receivers }: Scene): number {
  return receivers.reduce((sum, receiver) => sum + missing(load, receiver).length, 0);
}

/**
 * A fan-out that dies between its rows and its messages leaves rows under a lease of two minutes; the next one puts their
 * messages on the retries queue, delayed by what is left of it. Such a delivery is not lost, and not waited for here.
 * @returns how many of the account's deliveries wait so; 0 while any may still be on its way on the deliveries queue.
 */
async function waitingForLease({ accountId }: Scene): Promise<number> {
  const operator = new Operator(engine);
  try {
    const { visible, inFlight } = await operator.depth('Deliveries');
    if (visible + inFlight > 0) return 0;
    const [row] = await operator.rows<{ count: number }>(
      `SELECT count(*)::int FROM hook.deliveries
        WHERE account_id = $1 AND status = 'PENDING' AND attempts = 0 AND claimed_by = 'fan-out' AND claimed_until > now()`,
      [accountId],
    );
    const { delayed } = await operator.depth('Retries');
    return row === undefined || row.count > delayed ? 0 : row.count;
  } finally {
    operator.close();
  }
}

interface Expected {
  readonly killed: string;
  /** Times that one event may arrive: a kill in the middle of a send doubles it, and nothing else does. */
  readonly mostTimes: number;
  /** Whether it may leave deliveries that wait for a lease to end. */
  readonly mayWait: boolean;
}

async function expectAllArrived(scene: Scene, { killed, mostTimes, mayWait }: Expected): Promise<void> {
  const { accountId, load, receivers } = scene;
  await load.stop();
  await eventually(async () => {
    const open = missingOf(scene);
    return open === 0 || (mayWait && open <= (await waitingForLease(scene)));
  }, ARRIVAL_MS);
  const waiting = mayWait ? await waitingForLease(scene) : 0;
  const account = await Account.login(engine, accountId);
  const all = await account.until(
    (deliveries) => deliveries.filter(({ status }) => !ENDED.includes(status)).length <= waiting,
    ARRIVAL_MS,
  );
  const ended = all.filter(({ status }) => ENDED.includes(status));
  expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['delivered']));
  // An event whose 202 was lost on the way may be there, too; none has more deliveries than webhooks.
  expect(all.length).toBe(receivers.length * new Set(all.map(({ eventId }) => eventId)).size);
  expect(all.length).toBeGreaterThanOrEqual(receivers.length * load.accepted.size);
  for (const receiver of receivers) expect(Math.max(...arrivals(receiver).values())).toBeLessThanOrEqual(mostTimes);
  const counts = `${load.accepted.size} accepted, ${load.refused()} not, sent twice: ${receivers.map(doubled).join(' and ')}`;
  process.stderr.write(`${killed} killed: ${counts}, waiting for a lease: ${waiting}\n`);
}

describe('kill -9 of the engine', () => {
  it('three times under load loses nothing that was accepted', async () => {
    const scene = await underLoad();
    for (let kill = 1; kill <= KILLS; kill++) {
      await accept(scene, 60 + Math.floor(Math.random() * 120));
      await engine.kill9();
      engine = await startEngineProcess({ context: CONTEXT, dataFolder: folder });
      await scene.load.aim(engine);
    }
    await accept(scene, 60);
    await expectAllArrived(scene, { killed: 'engine', mostTimes: 1 + KILLS, mayWait: false });
  }, 120_000);
});

describe('kill -9 of PostgreSQL under load', () => {
  let scene: Scene;

  it('stops nobody from publishing, and the engine starts it again', async () => {
    scene = await underLoad();
    await accept(scene, 60);
    const operator = new Operator(engine);
    const before = operator.postmasterPid();
    process.kill(before, 'SIGKILL');
    await accept(scene, 60);
    await scene.load.stop();
    await eventually(() => operator.rows('SELECT 1').then(Boolean, () => false), 30_000);
    expect(operator.postmasterPid()).not.toBe(before);
    operator.close();
  });

  // Meanwhile, what met the outage waits for its 30 s to be over.
  describe('and then of the workers', () => {
    it.each<Expected>([
      { killed: 'Deliver', mostTimes: 1 + KILLS, mayWait: false },
      { killed: 'Publish', mostTimes: 1, mayWait: false },
      { killed: 'FanOut', mostTimes: 1, mayWait: true },
    ])(
      '$killed, three times, loses nothing that was accepted',
      async (expected) => {
        const own = await underLoad();
        const operator = new Operator(engine);
        for (let kill = 1; kill <= KILLS; kill++) {
          await accept(own, 20 + Math.floor(Math.random() * 40));
          await operator.killFunction(expected.killed);
        }
        operator.close();
        await accept(own, 20);
        await expectAllArrived(own, expected);
      },
      120_000,
    );
  });

  it(
    'loses nothing that was accepted',
    () => expectAllArrived(scene, { killed: 'PostgreSQL', mostTimes: 1, mayWait: true }),
    120_000,
  );
});
