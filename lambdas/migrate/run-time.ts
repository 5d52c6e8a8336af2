import { setTimeout as delay } from 'node:timers/promises';

/** How long a run may take, and by which clock. */
export interface RunTime {
  /** Ms since the epoch; no new try begins after it. */
  readonly deadlineMs: number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** @param budgetMs from now on. */
export function runTime(budgetMs: number): RunTime {
  return { deadlineMs: Date.now() + budgetMs, now: Date.now, sleep: (ms) => delay(ms) };
}
