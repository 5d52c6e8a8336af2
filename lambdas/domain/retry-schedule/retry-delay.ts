/** Share of a step that jitter may add or take. Source: design section 4. */
const JITTER_SHARE = 0.1;
/** How far a receiver may stretch a step by Retry-After. Source: design section 4. */
const RETRY_AFTER_MAX_STEPS = 4;

export interface RetryDelayProps {
  /** 1-based count of attempts already made. */
  readonly attempt: number;
  /** Delays in ms; index 0 follows the first failure. */
  readonly scheduleMs: readonly number[];
  /** In [0, 1), injected. */
  readonly jitter: number;
  /** What the receiver asked for, in ms (see `parseRetryAfter`). */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Delay before the next attempt: the schedule's step ± 10 %. A Retry-After is honoured between 1 × and 4 × the step;
 * jitter then only adds, for the receiver named the earliest moment.
 * @returns whole ms ≥ 0, or undefined when the schedule is exhausted (the caller dead-letters).
 * @throws RangeError if attempt < 1.
 * Source: design section 4.
 */
export function retryDelayMs(props: RetryDelayProps): number | undefined {
  const { attempt, scheduleMs, jitter, retryAfterMs } = props;
  if (!Number.isInteger(attempt) || attempt < 1) throw new RangeError(`attempts are counted from 1, not ${attempt}`);
  const step = scheduleMs[attempt - 1];
  if (step === undefined) return undefined;
  if (retryAfterMs === undefined) return Math.round(step * (1 - JITTER_SHARE + 2 * JITTER_SHARE * jitter));
  const longest = step * RETRY_AFTER_MAX_STEPS;
  const asked = Math.min(Math.max(retryAfterMs, step), longest);
  return Math.round(Math.min(asked * (1 + JITTER_SHARE * jitter), longest));
}

/** Attempts in all: the first one and one after each step. Source: design section 10. */
export function attemptsInAll(scheduleMs: readonly number[]): number {
  return scheduleMs.length + 1;
}
