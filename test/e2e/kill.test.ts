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
import { doubled, type Load, missing, startLoad } from './load.ts';
import { Operator } from './operator.ts';

const CONTEXT = { retryScheduleSeconds: '1,1,2', sweepSeconds: '1' };
/** Senders that were killed may each have had this many requests out: ten a batch, and what a lane runs at once. */
const MOST_DOUBLED_SHARE = 0.5;

let folder: string;
let engine: EngineProcess;
let accountId: string;
let receivers: Receiver[];
let load: Load;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-kill-'));
  engine = await startEngineProcess({ context: CONTEXT, dataFolder: folder });
});

afterAll(async () => {
  await load.stop();
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

async function subscribeAndLoad(): Promise<void> {
  const account = await Account.login(engine);
  accountId = account.accountId;
  // One answers at once, one holds requests open, so that there is always something to be killed in the middle of.
  receivers = await Promise.all([startReceiver(answer(200)), startReceiver(answerAfter(300))]);
  for (const { url } of receivers) await account.webhook({ url });
  load = await startLoad(engine, accountId);
}

/** Goes on until `count` more events were accepted. */
async function accept(count: number): Promise<void> {
  const wanted = load.accepted.size + count;
  await eventually(() => load.accepted.size >= wanted, 30_000);
}

/**
 * A fan-out that dies between its rows and its messages leaves rows under a lease of two minutes; the next one puts their
 * messages on the retries queue, delayed by what is left of it. Such a delivery is not lost, and not waited for here.
 */
async function waitingForLease(): Promise<number> {
  const operator = new Operator(engine);
  try {
    const [row] = await operator.rows<{ count: number }>(
      `SELECT count(*)::int FROM hook.deliveries
        WHERE account_id = $1 AND status = 'PENDING' AND attempts = 0 AND claimed_by = 'fan-out' AND claimed_until > now()`,
      [accountId],
    );
    const { delayed } = await operator.depth('Retries');
    return Math.min(row?.count ?? 0, delayed);
  } finally {
    operator.close();
  }
}

async function expectAllArrived(): Promise<void> {
  const isArrived = async (): Promise<boolean> => {
    const open = receivers.reduce((sum, receiver) => sum + missing(load, receiver).length, 0);
    if (open === 0) return true;
    // PostgreSQL itself may be on its way back.
    return open <= (await waitingForLease().catch(() => 0));
  };
  await eventually(isArrived, 50_000);
  const account = await Account.login(engine, accountId);
  const waiting = await waitingForLease();
  const all = await account.until(
    (deliveries) => deliveries.filter(({ status }) => !ENDED.includes(status)).length <= waiting,
    50_000,
  );
  const ended = all.filter(({ status }) => ENDED.includes(status));
  expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['delivered']));
  // An event whose 202 was lost on the way may be there, too; none has more deliveries than webhooks.
  expect(all.length).toBe(receivers.length * new Set(all.map(({ eventId }) => eventId)).size);
  expect(all.length).toBeGreaterThanOrEqual(receivers.length * load.accepted.size);
  for (const receiver of receivers) expect(doubled(receiver)).toBeLessThan(load.accepted.size * MOST_DOUBLED_SHARE);
}

async function report(what: string): Promise<void> {
  const twice = receivers.map((receiver) => doubled(receiver)).join(' and ');
  const counts = `${load.accepted.size} accepted, ${load.refused()} not, sent twice: ${twice}`;
  process.stderr.write(`${what}: ${counts}, waiting for a lease: ${await waitingForLease()}\n`);
}

describe('kill -9 of the engine', () => {
  it('three times under load loses nothing that was accepted', async () => {
    await subscribeAndLoad();
    for (let kill = 1; kill <= 3; kill++) {
      await accept(60 + Math.floor(Math.random() * 120));
      await engine.kill9();
      engine = await startEngineProcess({ context: CONTEXT, dataFolder: folder });
      await load.aim(engine);
    }
    await accept(60);
    await load.stop();
    await expectAllArrived();
    await report('engine killed three times');
  }, 120_000);
});

describe('kill -9 of the workers', () => {
  it.each(['FanOut', 'Deliver', 'Publish'])(
    '%s, three times under load, loses nothing that was accepted',
    async (name) => {
      await Promise.all(receivers.map((receiver) => receiver.close()));
      await subscribeAndLoad();
      const operator = new Operator(engine);
      for (let kill = 1; kill <= 3; kill++) {
        await accept(20 + Math.floor(Math.random() * 40));
        await operator.killFunction(name);
      }
      await accept(20);
      await load.stop();
      await expectAllArrived();
      operator.close();
      await report(`${name} killed three times`);
    },
    120_000,
  );
});

describe('kill -9 of PostgreSQL', () => {
  it('under load: the engine starts it again, and nothing that was accepted is lost', async () => {
    await Promise.all(receivers.map((receiver) => receiver.close()));
    await subscribeAndLoad();
    await accept(60);
    const operator = new Operator(engine);
    process.kill(operator.postmasterPid(), 'SIGKILL');
    operator.close();
    await accept(60);
    await load.stop();
    await expectAllArrived();
    await report('PostgreSQL killed');
  }, 120_000);
});
