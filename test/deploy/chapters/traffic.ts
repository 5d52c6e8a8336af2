/** Events that keep coming while something else goes on. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { answer } from '../../support/receivers/behaviours.ts';
import type { Receiver } from '../../support/receivers/receiver.ts';
import type { DeployedApi } from '../deployed-api.ts';

// The emulator starts a process for each invocation that overlaps: steady traffic, not a load.
const EVERY_MS = 250;
const PATIENCE_MS = 30_000;

export interface TrafficProps {
  readonly api: DeployedApi;
  readonly receiver: Receiver;
}

/**
 * @returns how many events were published meanwhile.
 * @throws AssertionError unless each of them was accepted, and delivered once.
 */
export async function underTraffic({ api, receiver }: TrafficProps, work: () => Promise<unknown>): Promise<number> {
  receiver.behave(answer(200));
  const account = await api.login();
  await account.webhook({ url: receiver.url });
  const end = new AbortController();
  const publishing = (async () => {
    let published = 0;
    while (!end.signal.aborted) {
      await account.publish({ type: 'order.paid', data: { number: published } });
      published += 1;
      await delay(EVERY_MS);
    }
    return published;
  })();
  // Read after the work, which may fail first.
  publishing.catch(() => undefined);
  await work().finally(() => end.abort());
  const published = await publishing;
  const ended = await account.allEnded(published, PATIENCE_MS);
  for (const { deliveryId, status } of ended) {
    assert.equal(status, 'delivered');
    assert.equal(receiver.requests.filter((request) => request.deliveryId === deliveryId).length, 1);
  }
  return published;
}
