/**
 * `rate(5 minutes)` and `cron(10 0 * * ? *)` as EventBridge Scheduler reads them.
 * Source: EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler".
 */
import { Cron } from 'croner';

export interface Timetable {
  /** A rate counts from the start of the engine and a cron expression from the calendar: only the latter can be missed. */
  readonly kind: 'rate' | 'cron';
  /** @returns the first time after `from` that it names; undefined when there is none any more. */
  next(from: Date): Date | undefined;
}

const RATE = /^rate\((\d+) (minute|hour|day)s?\)$/;
const CRON = /^cron\((\S+ \S+ \S+ \S+ \S+ \S+)\)$/;
const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** @throws Error for anything else, `at(…)` too: nothing in the stack runs once. */
export function parseSchedule(expression: string, timezone = 'UTC'): Timetable {
  const [, count, unit] = RATE.exec(expression) ?? [];
  if (count !== undefined && unit !== undefined) return every(Number(count) * (UNIT_MS[unit] ?? 0));
  const [, fields] = CRON.exec(expression) ?? [];
  if (fields === undefined) throw new Error(`schedule ${expression} is neither rate(…) nor cron(…)`);
  // AWS has no seconds, and counts weekdays from 1 = Sunday.
  const pattern = new Cron(`0 ${fields}`, { timezone, alternativeWeekdays: true, paused: true });
  return { kind: 'cron', next: (from) => pattern.nextRun(from) ?? undefined };
}

/** @throws Error unless the period is positive. */
export function every(periodMs: number): Timetable {
  if (!(periodMs > 0)) throw new Error(`the period of a schedule must be positive, not ${periodMs} ms`);
  return { kind: 'rate', next: (from) => new Date(from.getTime() + periodMs) };
}
