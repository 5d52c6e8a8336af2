import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dueMarkerKey, dueMarkers, parseDueMarker, sweptMarkers } from '../../lambdas/domain/due-marker/due-marker.ts';

const at = (text: string) => Date.parse(text);
const time = fc.integer({ min: 0, max: at('9999-12-31T23:59:00Z') });

describe('due marker', () => {
  it.each([
    ['2026-11-22T17:05:00.000Z', 'due/2026-11-22T17:05Z'],
    ['2026-11-22T17:04:00.001Z', 'due/2026-11-22T17:05Z'],
    ['2026-11-22T17:05:00.001Z', 'due/2026-11-22T17:06Z'],
    ['2026-12-31T23:59:30Z', 'due/2027-01-01T00:00Z'],
  ])('of %s is %s', (moment, key) => expect(dueMarkerKey(at(moment))).toBe(key));

  it('is never before its work, and less than a minute after; keys sort by time', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        const minute = parseDueMarker(dueMarkerKey(a)) ?? Number.NaN;
        expect(minute).toBeGreaterThanOrEqual(a);
        expect(minute - a).toBeLessThan(60_000);
        if (a <= b) expect(dueMarkerKey(a) <= dueMarkerKey(b)).toBe(true);
      }),
    );
  });

  it.each([-60_000, Number.NaN, at('9999-12-31T23:59:59Z'), Number.POSITIVE_INFINITY])('of %p is refused', (ms) => {
    expect(() => dueMarkerKey(ms)).toThrow(RangeError);
  });

  it.each([
    '',
    'due/',
    'due/2026-11-22T17:05:00Z',
    'due/2026-02-30T00:00Z',
    'due/2026-11-22T25:00Z',
    'other/2026-11-22T17:05Z',
    'due/2026-11-22T17:05Z/x',
  ])('%p is none', (key) => expect(parseDueMarker(key)).toBeUndefined());
});

describe('a sweep', () => {
  const keys = ['due/2026-11-22T17:04Z', 'due/2026-11-22T17:05Z', 'due/2026-11-22T17:06Z', 'due/lost+found'];

  it('is due for the minutes that have come', () => {
    expect(dueMarkers(keys, at('2026-11-22T17:05:00Z'))).toEqual(keys.slice(0, 2));
    expect(dueMarkers(keys, at('2026-11-22T17:04:59.999Z'))).toEqual(keys.slice(0, 1));
    expect(dueMarkers(keys, at('2026-11-22T17:03:00Z'))).toEqual([]);
  });

  it('deletes only markers of minutes that were over when it began', () => {
    expect(sweptMarkers(keys, at('2026-11-22T17:05:30Z'))).toEqual(keys.slice(0, 1));
    expect(sweptMarkers(keys, at('2026-11-22T17:06:00Z'))).toEqual(keys.slice(0, 2));
    expect(sweptMarkers(keys, at('2026-11-22T17:04:30Z'))).toEqual([]);
  });

  it('deletes nothing that was not due a minute before', () => {
    fc.assert(
      fc.property(time, time, (due, startedAt) => {
        const key = dueMarkerKey(due);
        if (sweptMarkers([key], startedAt).length > 0) expect(dueMarkers([key], startedAt - 60_000)).toEqual([key]);
      }),
    );
  });
});
