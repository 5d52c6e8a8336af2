/**
 * The receiver of a benchmark, as a process of its own so that its CPU time is nobody else's: answers 200 to everything,
 * counts, and keeps the time from `data.sentAt` to arrival. Talks to its parent by messages.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SinkReport {
  readonly arrived: number;
  /** Unix ms, fractional. */
  readonly lastArrivalMs: number;
  /** POST → receiver, in ms, of everything that carried `sentAt`. */
  readonly latenciesMs: readonly number[];
}

let arrived = 0;
let lastArrivalMs = 0;
let latenciesMs: number[] = [];

const unixMs = (): number => performance.timeOrigin + performance.now();

const server = createServer((request, response) => {
  const at = unixMs();
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    arrived += 1;
    lastArrivalMs = at;
    const sentAt = /"sentAt":([\d.]+)/.exec(body)?.[1];
    if (sentAt !== undefined) latenciesMs.push(at - Number(sentAt));
    response.writeHead(200).end();
  });
});
server.keepAliveTimeout = 60_000;

process.on('message', (message) => {
  if (message === 'report') process.send?.({ arrived, lastArrivalMs, latenciesMs } satisfies SinkReport);
  if (message === 'reset') {
    arrived = 0;
    latenciesMs = [];
    process.send?.('done');
  }
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
