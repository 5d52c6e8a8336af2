const MINUTE_MS = 60_000;
const KEY_PATTERN = /^due\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})Z$/;

/** Prefix of every marker in the control bucket. */
export const DUE_PREFIX = 'due/';

/**
 * Key of the marker for work that is due then: `due/2026-11-22T17:05Z`, the minute rounded up, so that a sweep that
 * finds the marker due finds the work due too.
 * @throws RangeError when the time is outside the years 1970 to 9999: keys would not sort by time.
 * Source: design section 1.
 */
export function dueMarkerKey(dueAtMs: number): string {
  const minuteMs = Math.ceil(dueAtMs / MINUTE_MS) * MINUTE_MS;
  const text = minuteMs >= 0 ? new Date(minuteMs).toISOString() : '';
  if (text.length !== 24) throw new RangeError(`no marker for the time ${dueAtMs}`);
  return `${DUE_PREFIX}${text.slice(0, 16)}Z`;
}

/** The minute of a key in Unix ms; undefined for any other object's key. */
export function parseDueMarker(key: string): number | undefined {
  const [, minute] = KEY_PATTERN.exec(key) ?? [];
  if (minute === undefined) return undefined;
  const minuteMs = Date.parse(`${minute}:00.000Z`);
  // Date.parse takes 2026-02-30 for the 2nd of March: such a key is none of ours.
  return Number.isNaN(minuteMs) || dueMarkerKey(minuteMs) !== key ? undefined : minuteMs;
}

/** The markers whose minute has come: when there are none, a sweep leaves the database asleep. */
export function dueMarkers(keys: readonly string[], nowMs: number): readonly string[] {
  return keys.filter((key) => {
    const minuteMs = parseDueMarker(key);
    return minuteMs !== undefined && minuteMs <= nowMs;
  });
}

/**
 * The markers that a finished sweep may delete: those of minutes before it began. A marker is written before its row,
 * so one of the minute in which the sweep began may stand for a row that the sweep did not see yet.
 * @param sweepStartedAtMs when the sweep began to read, Unix ms.
 * Source: design section 1.
 */
export function sweptMarkers(keys: readonly string[], sweepStartedAtMs: number): readonly string[] {
  return keys.filter((key) => {
    const minuteMs = parseDueMarker(key);
    return minuteMs !== undefined && minuteMs + MINUTE_MS <= sweepStartedAtMs;
  });
}
