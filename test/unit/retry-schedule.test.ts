import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { carriageOf } from '../../lambdas/domain/retry-schedule/carriage.ts';
import { outageBackoffSeconds } from '../../lambdas/domain/retry-schedule/outage-backoff.ts';
import { parseRetryAfter } from '../../lambdas/domain/retry-schedule/retry-after.ts';
import { attemptsInAll, retryDelayMs } from '../../lambdas/domain/retry-schedule/retry-delay.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const scheduleMs = [30_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR];
const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('retry delay', () => {
  it.each([
    [1, 0, 27_000],
    [1, 0.5, 30_000],
    [2, 0.5, 5 * MINUTE],
    [3, 0.5, 30 * MINUTE],
    [4, 0.5, 2 * HOUR],
    [5, 0.5, 8 * HOUR],
    [5, 0, 7.2 * HOUR],
    [6, 0.5, undefined],
    [600, 0, undefined],
  ])('after attempt %p with jitter %p is %p ms', (attempt, share, expected) => {
    expect(retryDelayMs({ attempt, scheduleMs, jitter: share })).toBe(expected);
  });

  it('stays within 10 % of its step, and uses both sides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), jitter, (attempt, share) => {
        const step = scheduleMs[attempt - 1] ?? Number.NaN;
        const delay = retryDelayMs({ attempt, scheduleMs, jitter: share }) ?? Number.NaN;
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(step * 0.9);
        expect(delay).toBeLessThanOrEqual(step * 1.1);
        if (share !== 0.5) expect(delay - step <= 0).toBe(share < 0.5 || delay === step);
      }),
    );
  });

  it.each([
    [0, 30_000],
    [29_000, 30_000],
    [45_000, 45_000],
    [120_000, 120_000],
    [500_000, 120_000],
    [Number.POSITIVE_INFINITY, 120_000],
  ])('asked to wait %p ms waits %p', (retryAfterMs, expected) => {
    expect(retryDelayMs({ attempt: 1, scheduleMs, jitter: 0, retryAfterMs })).toBe(expected);
  });

  it('never comes before what was asked, nor after four steps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), jitter, fc.nat(100_000_000), (attempt, share, retryAfterMs) => {
        const step = scheduleMs[attempt - 1] ?? Number.NaN;
        const delay = retryDelayMs({ attempt, scheduleMs, jitter: share, retryAfterMs });
        expect(delay).toBeGreaterThanOrEqual(Math.min(Math.max(step, retryAfterMs), 4 * step));
        expect(delay).toBeLessThanOrEqual(4 * step);
      }),
    );
  });

  it('is exhausted by the schedule, whatever a receiver asks', () => {
    expect(retryDelayMs({ attempt: 6, scheduleMs, jitter: 0, retryAfterMs: 1000 })).toBeUndefined();
    expect(retryDelayMs({ attempt: 1, scheduleMs: [], jitter: 0 })).toBeUndefined();
    expect(attemptsInAll(scheduleMs)).toBe(6);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses attempt %p', (attempt) => {
    expect(() => retryDelayMs({ attempt, scheduleMs, jitter: 0 })).toThrow(RangeError);
  });
});

describe('Retry-After', () => {
  const nowMs = Date.UTC(2026, 10, 22, 17, 5, 0);

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Sun, 22 Nov 2026 17:06:00 GMT', 60_000],
    ['Sunday, 22-Nov-26 17:06:00 GMT', 60_000],
    ['Sun Nov 22 17:06:00 2026', 60_000],
    ['Sun, 22 Nov 2026 17:04:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['2026-11-22T17:06:00Z', undefined],
    ['Sun, 99 Nov 2026 17:06:00 GMT', undefined],
  ])('%p is %p ms', (header, expected) => expect(parseRetryAfter(header, nowMs)).toBe(expected));
});

describe('carriage', () => {
  const quiet = { inFlight: 0, inFlightLimit: 100_000 };

  it.each([
    ['deliveries', 0, { by: 'delay', delaySeconds: 0 }],
    ['deliveries', -5, { by: 'delay', delaySeconds: 0 }],
    ['deliveries', 1, { by: 'delay', delaySeconds: 1 }],
    ['deliveries', 900_000, { by: 'delay', delaySeconds: 900 }],
    ['deliveries', 900_001, { by: 'parked' }],
    ['retries', 30_001, { by: 'visibility', visibilitySeconds: 31 }],
    ['retries', 3_600_000, { by: 'visibility', visibilitySeconds: 3600 }],
    ['retries', 3_600_001, { by: 'parked' }],
  ] as const)('from %s, a wait of %p ms is %j', (lane, waitMs, expected) => {
    expect(carriageOf({ ...quiet, lane, waitMs })).toEqual(expected);
  });

  it.each(['deliveries', 'retries'] as const)('above the in-flight guard everything from %s is parked', (lane) => {
    expect(carriageOf({ lane, waitMs: 1, inFlight: 100_000, inFlightLimit: 100_000 })).toEqual({ by: 'parked' });
    expect(carriageOf({ lane, waitMs: 1, inFlight: 99_999, inFlightLimit: 100_000 }).by).not.toBe('parked');
  });

  it('never exceeds a limit of SQS, and never comes early', () => {
    fc.assert(
      fc.property(fc.constantFrom('deliveries' as const, 'retries' as const), fc.nat(10_000_000), (lane, waitMs) => {
        const carriage = carriageOf({ ...quiet, lane, waitMs });
        if (carriage.by === 'parked') return;
        const seconds = carriage.by === 'delay' ? carriage.delaySeconds : carriage.visibilitySeconds;
        expect(seconds).toBeLessThanOrEqual(carriage.by === 'delay' ? 900 : 3600);
        expect(seconds * 1000).toBeGreaterThanOrEqual(waitMs);
        expect(Number.isInteger(seconds)).toBe(true);
      }),
    );
  });
});

describe('outage backoff', () => {
  it.each([
    [0, 30],
    [1, 60],
    [2, 120],
    [3, 240],
    [4, 480],
    [5, 900],
    [6, 900],
    [1000, 900],
    [5000, 900],
    [-1, 30],
  ])('after %p earlier ones is %p s', (n, seconds) => expect(outageBackoffSeconds(n)).toBe(seconds));
});
