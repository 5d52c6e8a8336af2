import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `isTrue` says so; fails after `timeoutMs`. */
export async function eventually(isTrue: () => Promise<boolean> | boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${isTrue.toString()}`);
    await delay(10);
  }
}
