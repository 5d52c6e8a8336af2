/**
 * Services of AWS that are away or slow: what was accepted goes on afterwards by itself, and no attempt is counted for
 * a fault that is not the receiver's.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { answer, answerAfter, failFirst } from '../support/receivers/behaviours.ts';
import { type Behaviour, type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { Account, type Answer, type Delivery, type Page, type Webhook } from './account.ts';
import { Operator } from './operator.ts';

/** What waits out an outage comes back 30 s after its first failure, and 60 s after its second. */
const RECOVERY_MS = 45_000;

let engine: EngineProcess;
let operator: Operator;
const receivers: Receiver[] = [];

beforeAll(async () => {
  engine = await startEngineProcess({ context: { retryScheduleSeconds: '1,1,2', sweepSeconds: '1' } });
  operator = new Operator(engine);
});

afterAll(async () => {
  operator.close();
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await engine.stop();
});

interface Subscribed {
  readonly account: Account;
  readonly receiver: Receiver;
  readonly webhook: Webhook;
}

async function subscribe(behaviour: Behaviour = answer(200)): Promise<Subscribed> {
  const account = await Account.login(engine);
  const receiver = await startReceiver(behaviour);
  receivers.push(receiver);
  return { account, receiver, webhook: await account.webhook({ url: receiver.url }) };
}

/** Sends one event through, so that every function on its way has started and knows the account's key. */
async function warmUp({ account, receiver }: Subscribed): Promise<void> {
  await account.publish({ eventId: 'warm-up', type: 'order.paid', data: {} });
  await eventually(() => receiver.requests.length > 0);
  await account.allEnded(1);
}

// The waits of 30 s pass side by side: everything that must wait out an outage meets it here, and is looked at below.
describe('after an outage of the database and of KMS', () => {
  const EVENTS = 20;
  let cold: Subscribed;
  let busy: Subscribed;
  let slow: Subscribed;
  let failing: Subscribed;
  const published: string[] = [];
  let refused: Answer;
  let health: number;

  beforeAll(async () => {
    [cold, busy, slow, failing] = await Promise.all([
      subscribe(),
      subscribe(),
      subscribe(answerAfter(1_000)),
      subscribe(failFirst(1)),
    ]);
    await warmUp(busy);

    await operator.fault('kms', 'down');
    await cold.account.publish({ eventId: 'cold', type: 'order.paid', data: {} });
    await busy.account.publish({ eventId: 'warm', type: 'order.paid', data: {} });
    await eventually(() => busy.receiver.requests.length === 2);
    await eventually(async () => (await operator.depth('Deliveries')).inFlight === 1);
    await operator.fault('kms', 'up');

    await failing.account.publish({ type: 'order.paid', data: {} });
    await slow.account.publish({ type: 'order.paid', data: {} });
    await eventually(() => slow.receiver.requests.length === 1 && failing.receiver.requests.length === 1);
    await failing.account.until(([only]) => only?.status === 'failed_retry');
    await operator.fault('database', 'down');
    for (let n = 0; n < EVENTS; n++) {
      published.push(await busy.account.publish({ type: 'order.paid', data: { n } }));
    }
    // All of them have met the outage: the events at the fan-out, the retry at its claim, the result at its write.
    await eventually(async () => (await operator.depth('Events')).inFlight === EVENTS);
    await eventually(async () => {
      const { inFlight, delayed } = await operator.depth('Retries');
      return inFlight === 1 && delayed === 1;
    });
    refused = await busy.account.request('GET', '/v1/deliveries');
    health = (await fetch(`${engine.url}/health`)).status;
    await operator.fault('database', 'up');
  });

  it('the API has said so with Retry-After, and was alive', () => {
    expect(refused).toMatchObject({ status: 503, json: { error: 'UNAVAILABLE' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(health).toBe(200);
  });

  it('every event that was accepted meanwhile is delivered once', async () => {
    expect(published).toHaveLength(EVENTS);
    const all = await busy.account.allEnded(EVENTS + 2, RECOVERY_MS);
    expect(all.every(({ status, attemptCount }) => status === 'delivered' && attemptCount === 1)).toBe(true);
    const arrived = busy.receiver.requests.map(({ body }) => String(JSON.parse(String(body)).id));
    expect(arrived.sort()).toEqual([...published, 'warm-up', 'warm'].sort());
  }, 60_000);

  it('a result that could not be written is written then, without a second POST', async () => {
    const delivery = await slow.account.onlyEnded(RECOVERY_MS);
    expect(delivery).toMatchObject({ status: 'delivered', attemptCount: 1, attempts: [{ httpStatus: 200 }] });
    expect(delivery.attempts[0]?.durationMs).toBeGreaterThanOrEqual(990);
    expect(slow.receiver.requests).toHaveLength(1);
  }, 60_000);

  it('a retry that fell due meanwhile is made, and the outage has cost it no attempt', async () => {
    const delivery = await failing.account.onlyEnded(RECOVERY_MS);
    expect(delivery).toMatchObject({ status: 'delivered', attemptCount: 2 });
    expect(failing.receiver.requests).toHaveLength(2);
  }, 60_000);

  it('a sender that had to ask KMS has waited, and counted no attempt; one that knew its key went on', async () => {
    const delivery = await cold.account.onlyEnded(RECOVERY_MS);
    expect(delivery).toMatchObject({ status: 'delivered', attemptCount: 1, attempts: [{ attemptNumber: 1 }] });
    expect(cold.receiver.requests).toHaveLength(1);
  }, 60_000);
});

describe('while SQS is down', () => {
  it('what is accepted is kept, what is under way ends, and all goes on afterwards', async () => {
    const { account, receiver } = await subscribe(answerAfter(1_000));
    await account.publish({ eventId: 'before', type: 'order.paid', data: {} });
    await eventually(() => receiver.requests.length === 1);
    await operator.fault('sqs', 'down');
    // The bus itself is up: it keeps the event until the queue is back.
    await account.publish({ eventId: 'meanwhile', type: 'order.paid', data: {} });
    await account.until((all) => all.some(({ status }) => status === 'delivered'));
    await operator.fault('sqs', 'up');
    // The fan-out that took it had written its row, under a lease of two minutes, and could neither pass it on nor
    // shorten its wait. A worker that dies gives back what it held, and the next one passes the delivery on, to be sent
    // when that lease is over: the message is there, and the test need not wait for it.
    await operator.killFunction('FanOut');
    await eventually(async () => receiver.requests.length === 2 || (await operator.depth('Retries')).delayed === 1);
    const { data } = await account.expect<Page<Delivery>>(200, 'GET', '/v1/deliveries');
    expect(data.map(({ eventId }) => eventId)).toEqual(['meanwhile', 'before']);
    expect(data[1]).toMatchObject({ status: 'delivered', attemptCount: 1 });
  });
});

describe('while EventBridge is down', () => {
  it('publishing answers 503 with Retry-After, and goes on afterwards', async () => {
    const { account, receiver } = await subscribe();
    await operator.fault('events', 'down');
    const refused = await account.request('POST', '/v1/events', { eventId: 'one', type: 'order.paid', data: {} });
    await operator.fault('events', 'up');
    expect(refused).toMatchObject({ status: 503, json: { error: 'UNAVAILABLE' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await account.publish({ eventId: 'one', type: 'order.paid', data: {} });
    await account.allEnded(1);
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('while S3 is down', () => {
  it('events are delivered and retried all the same', async () => {
    const { account, receiver } = await subscribe(failFirst(1));
    await operator.fault('s3', 'down');
    await account.publish({ type: 'order.paid', data: {} });
    const delivery = await account.onlyEnded();
    await operator.fault('s3', 'up');
    expect(delivery).toMatchObject({ status: 'delivered', attemptCount: 2 });
    expect(receiver.requests).toHaveLength(2);
  });
});

describe('while services are slow', () => {
  it.each([
    ['database', 700],
    ['sqs', 300],
    ['events', 700],
    ['kms', 700],
    ['s3', 700],
  ] as const)('%s by %i ms: an event is delivered once, at its first attempt', async (service, slowMs) => {
    const { account, receiver } = await subscribe();
    await operator.fault(service, { slowMs });
    await account.publish({ type: 'order.paid', data: {} });
    await eventually(() => receiver.requests.length === 1);
    await operator.fault(service, 'up');
    const delivery = await account.onlyEnded();
    expect(delivery).toMatchObject({ status: 'delivered', attemptCount: 1 });
    expect(receiver.requests).toHaveLength(1);
  });
});
