import { createHmac, randomBytes } from 'node:crypto';
import autocannon from 'autocannon';
import { startSink } from './sink-process.ts';

/** What this machine does without Tidegate; figures of other machines compare by the ratio to these. */
export interface Calibration {
  /** POSTs of 2 KB a second that a bare node:http server answers, 16 connections. */
  readonly postsPerSecond: number;
  /** HMAC-SHA256 of 2 KB a second, one thread. */
  readonly hmacsPerSecond: number;
}

export async function calibrate(seconds: number): Promise<Calibration> {
  const sink = await startSink();
  const { requests } = await autocannon({
    url: sink.url,
    method: 'POST',
    body: 'x'.repeat(2_048),
    connections: 16,
    duration: seconds,
    workers: 1,
  });
  sink.stop();
  return { postsPerSecond: requests.average, hmacsPerSecond: hmacsPerSecond(seconds) };
}

function hmacsPerSecond(seconds: number): number {
  const key = randomBytes(32);
  const body = randomBytes(2_048);
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < seconds * 1000) {
    for (let i = 0; i < 100; i++) createHmac('sha256', key).update(body).digest();
    count += 100;
  }
  return count / seconds;
}
