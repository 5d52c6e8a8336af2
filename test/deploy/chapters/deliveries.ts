/** What the deployed pipeline does for a tenant. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Account, Delivery } from '../../e2e/account.ts';
import { answer, failFirst } from '../../support/receivers/behaviours.ts';
import { type ReceivedRequest, type Receiver, startReceiver } from '../../support/receivers/receiver.ts';
import { verifyByLibraries } from '../../support/receivers/signature-check.ts';
import type { DeployedApi } from '../deployed-api.ts';
import type { Plot } from '../plot.ts';

// The emulator takes 50 ms for each invocation and starts a process for each function's first.
const PATIENCE_MS = 20_000;
// As the stack was configured: 1, 1 and 2 s, each with 10 % jitter.
const WAITS_MS = [1_000, 1_000, 2_000];
const JITTER = 0.1;
// Long polls, processes that start, and this machine's two cores.
const LATENESS_MS = 5_000;

export async function deliver(plot: Plot, api: DeployedApi): Promise<void> {
  const { story, scene } = plot;
  await story.step('an event is delivered, and the stock libraries accept its signature', () =>
    expectDelivery(api, scene.receiver),
  );
  await story.step('a delivery that fails twice comes back by itself', () => retryUntilTaken(api, scene.receiver));
  await story.step('one that always fails becomes a dead letter, is announced, and is sent again by hand', () =>
    exhaustAndRetry(api, scene.receiver),
  );
}

/** One event to one webhook, whole. */
export async function expectDelivery(api: DeployedApi, receiver: Receiver): Promise<void> {
  receiver.behave(answer(200));
  const account = await api.login();
  const webhook = await account.webhook({ url: receiver.url });
  const data = { order: randomUUID() };
  const eventId = await account.publish({ type: 'order.paid', data });
  const delivery = await account.onlyEnded(PATIENCE_MS);
  assert.equal(delivery.status, 'delivered');
  assert.equal(delivery.eventId, eventId);
  assert.deepEqual(delivery.payload, data);
  const [request, ...others] = requestsOf(receiver, delivery.deliveryId);
  assert.ok(request !== undefined && others.length === 0, `${others.length + 1} requests for one delivery`);
  verifyByLibraries(request, webhook.secret);
  assert.deepEqual(JSON.parse(request.body.toString('utf8')).data, data);
}

async function retryUntilTaken(api: DeployedApi, receiver: Receiver): Promise<void> {
  receiver.behave(failFirst(2));
  const account = await api.login();
  await account.webhook({ url: receiver.url });
  await account.publish({ type: 'order.paid', data: {} });
  const delivery = await account.onlyEnded(PATIENCE_MS);
  assert.equal(delivery.status, 'delivered');
  assert.deepEqual(delivery.attempts.map(({ httpStatus }) => httpStatus).toSorted(), [200, 500, 500]);
  expectWaits(requestsOf(receiver, delivery.deliveryId), WAITS_MS.slice(0, 2));
}

async function exhaustAndRetry(api: DeployedApi, receiver: Receiver): Promise<void> {
  const watcher = await startReceiver(answer(200));
  try {
    receiver.behave(answer(500));
    const account = await api.login();
    await account.webhook({ url: receiver.url, events: ['order.*'] });
    await account.webhook({ url: watcher.url, events: ['delivery.dead_lettered'] });
    await account.publish({ type: 'order.paid', data: {} });
    const dead = await announced(account);
    expectWaits(requestsOf(receiver, dead.deliveryId), WAITS_MS);
    assert.equal(JSON.parse(watcher.requests[0]?.body.toString('utf8') ?? '').data.deliveryId, dead.deliveryId);
    await retryByHand(account, receiver, dead.deliveryId);
  } finally {
    await watcher.close();
  }
}

/** @returns the dead letter, once its announcement was delivered. */
async function announced(account: Account): Promise<Delivery> {
  const all = await account.allEnded(2, PATIENCE_MS);
  const of = (type: string) => all.find(({ eventType }) => eventType === type);
  assert.equal(of('delivery.dead_lettered')?.status, 'delivered');
  const dead = of('order.paid');
  assert.ok(dead !== undefined);
  assert.equal(dead.status, 'dead_letter');
  return dead;
}

async function retryByHand(account: Account, receiver: Receiver, deliveryId: string): Promise<void> {
  receiver.behave(answer(200));
  await account.expect(202, 'POST', `/v1/deliveries/${deliveryId}/retry`);
  await account.until((all) => all.some((one) => one.deliveryId === deliveryId && one.status === 'delivered'));
  assert.equal(requestsOf(receiver, deliveryId).length, WAITS_MS.length + 2);
}

function requestsOf(receiver: Receiver, deliveryId: string): ReceivedRequest[] {
  return receiver.requests.filter((request) => request.deliveryId === deliveryId);
}

/** Each request came no earlier than the schedule has it, and not much later. */
function expectWaits(requests: readonly ReceivedRequest[], waitsMs: readonly number[]): void {
  const waited = requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));
  assert.equal(waited.length, waitsMs.length, `${requests.length} requests`);
  for (const [index, waitMs] of waitsMs.entries()) {
    const actual = waited[index] ?? 0;
    assert.ok(
      actual >= waitMs * (1 - JITTER) - 50 && actual < waitMs + LATENESS_MS,
      `waited ${waited} of ${waitsMs} ms`,
    );
  }
}
