import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { every, parseSchedule } from '../../../local/schedules/schedule-expression.ts';
import { type Schedules, startSchedules } from '../../../local/schedules/schedules.ts';

const from = new Date('2026-03-01T00:30:30Z');

describe('schedule expressions', () => {
  it.each([
    ['rate(1 minute)', 'rate', '2026-03-01T00:31:30.000Z'],
    ['rate(2 hours)', 'rate', '2026-03-01T02:30:30.000Z'],
    ['rate(1 day)', 'rate', '2026-03-02T00:30:30.000Z'],
    ['cron(10 0 * * ? *)', 'cron', '2026-03-02T00:10:00.000Z'],
    // Weekday 2 is Monday in AWS; the first of March 2026 is a Sunday.
    ['cron(0 12 ? * 2 *)', 'cron', '2026-03-02T12:00:00.000Z'],
    ['cron(0 12 ? * MON-FRI 2027)', 'cron', '2027-01-01T12:00:00.000Z'],
  ])('%s', (expression, kind, next) => {
    const timetable = parseSchedule(expression);
    expect(timetable.kind).toBe(kind);
    expect(timetable.next(from)?.toISOString()).toBe(next);
  });

  it('reads the calendar of its time zone', () => {
    expect(parseSchedule('cron(0 9 * * ? *)', 'Europe/Berlin').next(from)?.toISOString()).toBe(
      '2026-03-01T08:00:00.000Z',
    );
  });

  it.each(['at(2026-01-01T00:00:00)', 'rate(0 minutes)', 'rate(1 second)', 'cron(* * * *)', 'cron(99 * * * ? *)', ''])(
    'refuses %j',
    (expression) => {
      expect(() => parseSchedule(expression)).toThrow();
    },
  );
});

describe('schedules', () => {
  let folder: string;
  let running: Schedules[];
  let runs: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-schedules-'));
    running = [];
    runs = [];
  });

  afterEach(() => {
    for (const schedules of running) schedules.stop();
    rmSync(folder, { recursive: true });
  });

  function start(
    timetable: ReturnType<typeof parseSchedule>,
    overrides: { now?: () => number; ends?: Promise<void> } = {},
  ) {
    const { now, ends = Promise.resolve() } = overrides;
    const definition = { logicalId: 'S', functionId: 'F', timetable, input: {}, isEnabled: true };
    const schedules = startSchedules({
      definitions: [definition, { ...definition, logicalId: 'Off', isEnabled: false }],
      invoke: ({ logicalId }) => {
        runs.push(logicalId);
        return ends;
      },
      stateFile: join(folder, 'schedules.json'),
      ...(now !== undefined && { now }),
    });
    running.push(schedules);
    return schedules;
  }

  it('runs a rate at the start and then by its period', async () => {
    start(every(20));
    expect(runs).toEqual(['S']);
    await until(() => runs.length >= 3);
  });

  it('passes over a run while the last one is under way', async () => {
    let looks = 0;
    const clock = () => {
      looks += 1;
      return Date.now();
    };
    start(every(5), { ends: new Promise(() => undefined), now: clock });
    await until(() => looks > 20);
    expect(runs).toEqual(['S']);
  });

  it('runs once at the start when its time passed while nothing ran, however often', () => {
    const daily = parseSchedule('cron(10 0 * * ? *)');
    start(daily, { now: () => Date.parse('2026-03-01T00:09:00Z') }).stop();
    expect(runs).toEqual([]);
    start(daily, { now: () => Date.parse('2026-03-01T00:10:00Z') }).stop();
    // No run is known yet, so none was missed.
    expect(runs).toEqual([]);
    let now = Date.parse('2026-03-01T00:09:59.999Z');
    start(daily, { now: () => now++ });
    return until(() => runs.length === 1).then(() => {
      start(daily, { now: () => Date.parse('2026-03-05T08:00:00Z') }).stop();
      start(daily, { now: () => Date.parse('2026-03-05T08:00:01Z') }).stop();
      expect(runs).toEqual(['S', 'S']);
    });
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited 5 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
