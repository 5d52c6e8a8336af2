/** A story in steps, each of which builds on the ones before: told as it goes, with times, and over at the first failure. */
import { setTimeout as delay } from 'node:timers/promises';

export class StepFailed extends Error {
  readonly code = 'STEP_FAILED';
}

// No step takes a quarter of it here; a step that waits for what never comes must not hold CI.
const STEP_TIMEOUT_MS = 120_000;

export class Story {
  readonly #say: (line: string) => void;
  #notes: string[] = [];
  #passed = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get passed(): number {
    return this.#passed;
  }

  /** Adds a line to the step under way. */
  note(line: string): void {
    this.#notes.push(line);
  }

  /** @throws StepFailed with the reason as its cause. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
    try {
      const result = await withinTime(work());
      this.#passed += 1;
      this.#tell(`passed ${seconds()}  ${name}`);
      return result;
    } catch (error) {
      this.#tell(`FAILED ${seconds()}  ${name}`);
      throw new StepFailed(name, { cause: error });
    }
  }

  #tell(line: string): void {
    this.#say(line);
    for (const note of this.#notes) this.#say(`                 ${note}`);
    this.#notes = [];
  }
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const timeout = delay(STEP_TIMEOUT_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`no end within ${STEP_TIMEOUT_MS / 1000} s`);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    timer.abort();
    timeout.catch(() => undefined);
  }
}
