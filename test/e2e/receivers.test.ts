/** Every way in which a receiver may behave ends as it is promised, and leaves its neighbours alone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import * as behaviours from '../support/receivers/behaviours.ts';
import { type Behaviour, type Receiver, refusedUrl, startReceiver } from '../support/receivers/receiver.ts';
import { verifyByLibraries } from '../support/receivers/signature-check.ts';
import { Account, type DeliveryDetail, type Webhook } from './account.ts';

const { answer } = behaviours;
const TIMEOUT_MS = 2_000;
const ATTEMPTS = 4;
const JITTER = 0.1;

const sentEndless = { bytes: 0 };
const sentLarge = { bytes: 0 };
const NOT_UTF8 = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x41]);
const WITH_NUL = Buffer.from('before\u0000after');
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();

interface Expected {
  readonly behaviour: Behaviour;
  readonly isTls?: boolean;
  readonly status: string;
  /** Of every attempt, in order; null without an answer. */
  readonly httpStatuses: readonly (number | null)[];
  /** Code before the colon, of the last attempt. */
  readonly error: string | null;
}

const failing = (error: string, httpStatus: number | null = null): Omit<Expected, 'behaviour'> => ({
  status: 'dead_letter',
  httpStatuses: Array<number | null>(ATTEMPTS).fill(httpStatus),
  error,
});
const fine: Omit<Expected, 'behaviour'> = { status: 'delivered', httpStatuses: [200], error: null };

const CASES: Readonly<Record<string, Expected>> = {
  '200': { behaviour: answer(200, {}, 'ok'), ...fine },
  '204': { behaviour: answer(204), ...fine, httpStatuses: [204] },
  '299': { behaviour: answer(299), ...fine, httpStatuses: [299] },
  '200 with a body without end': { behaviour: behaviours.endless(sentEndless), ...fine },
  '200 with a body of 10 MB': { behaviour: behaviours.largeBody(10_000_000, sentLarge), ...fine },
  '200 that is not UTF-8': { behaviour: answer(200, {}, NOT_UTF8), ...fine },
  '200 with an async header': {
    behaviour: answer(200, { 'X-Webhook-Callback': 'async' }),
    ...fine,
    status: 'in_progress',
  },
  '202 with the other async header': {
    behaviour: answer(202, { 'x-tmi-callback': 'Async' }),
    ...fine,
    status: 'in_progress',
    httpStatuses: [202],
  },
  '500 twice, then 200': { behaviour: behaviours.failFirst(2), ...fine, httpStatuses: [500, 500, 200] },
  '500 for ever': { behaviour: answer(500, {}, 'x'.repeat(20_000)), ...failing('http_500', 500) },
  '500 with U+0000': { behaviour: answer(500, { 'x-caf': '\u00e9' }, WITH_NUL), ...failing('http_500', 500) },
  '404 that is not UTF-8': { behaviour: answer(404, {}, NOT_UTF8), ...failing('http_404', 404) },
  '410': { behaviour: answer(410), status: 'failed', httpStatuses: [410], error: 'http_410' },
  '429 with Retry-After in seconds': {
    behaviour: behaviours.inTurn(answer(429, { 'retry-after': '3' }), answer(200)),
    ...fine,
    httpStatuses: [429, 200],
  },
  '429 with Retry-After of 0': {
    behaviour: behaviours.inTurn(answer(429, { 'retry-after': '0' }), answer(200)),
    ...fine,
    httpStatuses: [429, 200],
  },
  '503 with a Retry-After of an hour': {
    behaviour: behaviours.inTurn(answer(503, { 'retry-after': '3600' }), answer(200)),
    ...fine,
    httpStatuses: [503, 200],
  },
  '503 with Retry-After as a date': {
    behaviour: behaviours.inTurn(
      { onRequest: (_, response) => response.writeHead(503, { 'retry-after': inSeconds(4) }).end() },
      answer(200),
    ),
    ...fine,
    httpStatuses: [503, 200],
  },
  '301 to itself': { behaviour: behaviours.redirectToSelf, ...failing('redirect', 301) },
  'reset before reading': { behaviour: behaviours.resetBeforeReading, ...failing('connection_reset') },
  'reset after reading': { behaviour: behaviours.resetAfterReading, ...failing('connection_reset') },
  'an answer that is cut off': { behaviour: behaviours.cutOff, ...failing('connection_reset') },
  'no HTTP at all': { behaviour: behaviours.notHttp, ...failing('malformed_response') },
  'headers of 20 KB': { behaviour: answer(200, { 'x-long': 'x'.repeat(20_000) }), ...failing('malformed_response') },
  'no answer': { behaviour: behaviours.hang, ...failing('timeout') },
  'no reading': { behaviour: behaviours.hangBeforeReading, ...failing('timeout') },
  'a body that drips': { behaviour: behaviours.dripBody, ...failing('timeout') },
  'headers that drip': { behaviour: behaviours.dripHeaders, ...failing('timeout') },
  'a certificate of its own': { behaviour: answer(200), isTls: true, ...failing('tls') },
};

let engine: EngineProcess;

interface Run {
  readonly account: Account;
  readonly webhook: Webhook;
  readonly receiver: Receiver;
}

const runs = new Map<string, Run>();
const receivers: Receiver[] = [];

async function receiverThat(behaviour: Behaviour, isTls = false): Promise<Receiver> {
  const receiver = await startReceiver(behaviour, { isTls });
  receivers.push(receiver);
  return receiver;
}

beforeAll(async () => {
  engine = await startEngineProcess({
    // The circuit has tests of its own; open, it would keep these receivers from being asked.
    context: {
      retryScheduleSeconds: '1,1,2',
      deliveryTimeoutSeconds: '2',
      sweepSeconds: '1',
      circuitThreshold: '1000',
    },
  });
  for (const [name, { behaviour, isTls = false }] of Object.entries(CASES)) {
    const receiver = await receiverThat(behaviour, isTls);
    const account = await Account.login(engine);
    const webhook = await account.webhook({ url: receiver.url });
    runs.set(name, { account, receiver, webhook });
    await account.publish({ type: 'order.paid', data: { name } });
  }
});

afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await engine.stop();
});

function runOf(name: string): Run {
  const run = runs.get(name);
  if (run === undefined) throw new Error(`no run of ${name}`);
  return run;
}

async function endOf(name: string): Promise<DeliveryDetail> {
  const { account } = runOf(name);
  const wanted = CASES[name]?.status;
  const [only] = await account.until(([first]) => first?.status === wanted, 30_000);
  if (only === undefined) throw new Error('unreachable: there is one');
  return account.delivery(only.deliveryId);
}

describe('a receiver with', () => {
  it.each(Object.keys(CASES))('%s', async (name) => {
    const expected = CASES[name];
    const delivery = await endOf(name);
    expect(delivery.attempts.map(({ httpStatus }) => httpStatus)).toEqual(expected?.httpStatuses);
    expect(delivery.attempts.map(({ attemptNumber }) => attemptNumber)).toEqual(
      delivery.attempts.map((_, index) => index + 1),
    );
    expect(delivery.attemptCount).toBe(expected?.httpStatuses.length);
    expect(delivery.attempts.at(-1)?.error?.split(':')[0] ?? null).toBe(expected?.error);
    if (expected?.error !== null) expect(delivery.lastError).toBe(delivery.attempts.at(-1)?.error);
    for (const { durationMs } of delivery.attempts) expect(durationMs).toBeLessThan(TIMEOUT_MS + 500);
  });

  it('nobody behind its port', async () => {
    const account = await Account.login(engine);
    await account.webhook({ url: await refusedUrl() });
    await account.publish({ type: 'order.paid', data: {} });
    const delivery = await account.onlyEnded(30_000);
    expect(delivery).toMatchObject({ status: 'dead_letter', attemptCount: ATTEMPTS, failureReason: 'exhausted' });
    expect(delivery.lastError).toMatch(/^connection_refused: /);
  });
});

describe('the attempts', () => {
  it('are one POST each, under one webhook-id, each with a time and a signature of its own', async () => {
    const { receiver, webhook } = runOf('500 for ever');
    const delivery = await endOf('500 for ever');
    expect(receiver.requests).toHaveLength(ATTEMPTS);
    expect(receiver.requests.map(({ deliveryId }) => deliveryId)).toEqual(Array(ATTEMPTS).fill(delivery.deliveryId));
    for (const request of receiver.requests) verifyByLibraries(request, webhook.secret);
    const times = receiver.requests.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(new Set(times).size).toBe(ATTEMPTS);
    expect(times).toEqual([...times].sort((left, right) => left - right));
  });

  it('are no more than recorded, whatever the connection did', async () => {
    for (const [name, { status, httpStatuses }] of Object.entries(CASES)) {
      if (status !== 'dead_letter' || CASES[name]?.isTls === true) continue;
      await endOf(name);
      const { receiver } = runOf(name);
      // Those that are never read are counted by their connections.
      const asked = Math.max(receiver.requests.length, receiver.requests.length === 0 ? receiver.connections : 0);
      expect(`${name}: ${asked}`).toBe(`${name}: ${httpStatuses.length}`);
    }
  });

  it('follow the schedule, give or take its jitter', async () => {
    await endOf('500 for ever');
    expectWaits(runOf('500 for ever').receiver, [1_000, 1_000, 2_000]);
  });

  it('wait as long as Retry-After says, between one and four steps', async () => {
    await endOf('429 with Retry-After in seconds');
    expectWaits(runOf('429 with Retry-After in seconds').receiver, [3_000]);
    await endOf('429 with Retry-After of 0');
    expectWaits(runOf('429 with Retry-After of 0').receiver, [1_000]);
    await endOf('503 with a Retry-After of an hour');
    expectWaits(runOf('503 with a Retry-After of an hour').receiver, [4_000]);
    await endOf('503 with Retry-After as a date');
    const [first, second] = runOf('503 with Retry-After as a date').receiver.requests;
    const waitMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    expect(waitMs).toBeGreaterThan(2_900);
  });

  it('keep 1 KB of a success and 16 KB of a failure', async () => {
    const large = await endOf('200 with a body of 10 MB');
    expect(large.attempts[0]?.responseBody).toBe('x'.repeat(1_024));
    const failed = await endOf('500 for ever');
    expect(failed.attempts[0]?.responseBody).toBe('x'.repeat(16_384));
  });

  it('keep what is not text as base64', async () => {
    const success = await endOf('200 that is not UTF-8');
    const failure = await endOf('404 that is not UTF-8');
    for (const attempt of [success.attempts[0], failure.attempts[0], failure.attempts[ATTEMPTS - 1]]) {
      expect(attempt?.responseBodyEncoding).toBe('base64');
      expect(Buffer.from(attempt?.responseBody ?? '', 'base64')).toEqual(NOT_UTF8);
    }
  });

  it('survive U+0000 in an answer', async () => {
    const { attempts } = await endOf('500 with U+0000');
    const bodies = attempts.map(({ responseBody, responseBodyEncoding }) =>
      Buffer.from(responseBody ?? '', responseBodyEncoding === 'base64' ? 'base64' : 'utf8').toString('utf8'),
    );
    for (const body of bodies) expect(body).toMatch(/^before.?after$/su);
    expect(attempts.flatMap(({ responseHeaders }) => responseHeaders.map(([name]) => name))).toContain('x-caf');
  });

  it('read no more than 64 KB, and what the sockets hold', async () => {
    await endOf('200 with a body without end');
    await endOf('200 with a body of 10 MB');
    const SOCKET_BUFFERS = 8_000_000;
    expect(sentEndless.bytes).toBeLessThan(65_536 + SOCKET_BUFFERS);
    expect(sentLarge.bytes).toBeLessThan(65_536 + SOCKET_BUFFERS);
  });

  it('take the whole time and not more when no answer comes', async () => {
    for (const name of ['no answer', 'no reading', 'a body that drips', 'headers that drip']) {
      const { attempts } = await endOf(name);
      for (const { durationMs } of attempts) expect(durationMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 50);
    }
  });
});

describe('after 410', () => {
  it('the webhook is disabled, and what comes is held until it is enabled again', async () => {
    const { account, webhook, receiver } = runOf('410');
    expect(await endOf('410')).toMatchObject({ failureReason: 'gone' });
    const path = `/v1/webhooks/${webhook.webhookId}`;
    expect((await account.request('GET', path)).json).toMatchObject({ isActive: false, disabledReason: 'gone' });
    await account.publish({ type: 'order.paid', data: {} });
    await account.until((all) => all.some(({ status }) => status === 'held'));
    expect(receiver.requests).toHaveLength(1);
    receiver.behave(answer(200));
    await account.change(webhook.webhookId, { isActive: true });
    await account.until((all) => all.some(({ status }) => status === 'delivered'));
    expect((await account.request('GET', path)).json).toMatchObject({ isActive: true, disabledReason: null });
  });
});

describe('neighbours of a receiver that hangs', () => {
  const EVENTS = 200;
  const EVERY_MS = 20;

  it('get their deliveries as if it were not there', async () => {
    const healthy = await receiverThat(answer(200));
    const hanging = await receiverThat(behaviours.hang);
    const one = await Account.login(engine);
    const other = await Account.login(engine);
    const bystander = await receiverThat(answer(200));
    await one.webhook({ url: healthy.url });
    await one.webhook({ url: hanging.url });
    await other.webhook({ url: bystander.url });
    const publishedMs = new Map<string, number>();
    const start = Date.now();
    const published = Array.from({ length: EVENTS }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * EVERY_MS));
      for (const account of [one, other]) {
        const eventId = `${account.accountId}-${index}`;
        publishedMs.set(eventId, Date.now());
        await account.publish({ eventId, type: 'order.paid', data: {} });
      }
    });
    await Promise.all(published);
    await eventually(() => healthy.requests.length >= EVENTS && bystander.requests.length >= EVENTS, 20_000);
    const latencies = [...healthy.requests, ...bystander.requests]
      .map(({ body, atMs }) => atMs - (publishedMs.get(JSON.parse(String(body)).id) ?? 0))
      .sort((left, right) => left - right);
    const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
    expect(p99).toBeLessThan(2_000);
    expect([healthy.requests.length, bystander.requests.length]).toEqual([EVENTS, EVENTS]);
    // It was indeed hanging all along.
    await eventually(() => hanging.requests.length >= EVENTS);
    expect(Date.now() - start).toBeGreaterThan(TIMEOUT_MS);
  });
});

/** Seconds of a queue's delay are whole, so a wait may be up to one longer; and the machine is a shared one. */
const LATENESS_MS = 1_900;

function expectWaits({ requests }: Receiver, stepsMs: readonly number[]): void {
  stepsMs.forEach((stepMs, index) => {
    const waitMs = (requests[index + 1]?.atMs ?? 0) - (requests[index]?.atMs ?? 0);
    expect(waitMs).toBeGreaterThanOrEqual(stepMs * (1 - JITTER) - 100);
    expect(waitMs).toBeLessThanOrEqual(stepMs * (1 + JITTER) + LATENESS_MS);
  });
}
