/** The demo that `npm run demo` shows, on a part of its corpus. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { githubEvents } from '../../examples/demo/corpus.ts';
import { type DemoProgress, runDemo } from '../../examples/demo/demo.ts';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';

const EVENTS = 30;
const RECEIVERS = 10;
const ATTEMPTS = 4;
const FAILS_AT_FIRST = 2;

let engine: EngineProcess;

beforeAll(async () => {
  engine = await startEngineProcess({ context: { retryScheduleSeconds: '1,1,2', sweepSeconds: '1' } });
});

afterAll(() => engine.stop());

describe('the demo', () => {
  it('adds up, from both ends', async () => {
    const progress: DemoProgress[] = [];
    const tally = await runDemo({
      url: engine.url,
      events: EVENTS,
      timeoutMs: 45_000,
      onProgress: (step) => progress.push(step),
    });
    expect(tally).toEqual({
      events: EVENTS,
      receivers: RECEIVERS,
      deliveries: EVENTS * RECEIVERS,
      delivered: EVENTS * (RECEIVERS - 1),
      deadLettered: EVENTS,
      requests: EVENTS * (RECEIVERS - 2 + FAILS_AT_FIRST + 1 + ATTEMPTS),
      badSignatures: 0,
      disagreements: 0,
      addsUp: true,
    });
    expect(progress.at(-1)).toMatchObject({
      published: EVENTS,
      expected: EVENTS * RECEIVERS,
      byStatus: { delivered: EVENTS * (RECEIVERS - 1), dead_letter: EVENTS },
      retries: EVENTS * (FAILS_AT_FIRST + ATTEMPTS - 1),
    });
  });

  it('knows real payloads of many kinds, each with an id of its own', () => {
    const events = githubEvents();
    expect(events.length).toBeGreaterThan(300);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
    expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(40);
    // What the API takes: the largest is far below its 200 KB.
    for (const event of events) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(204_800);
  });
});
