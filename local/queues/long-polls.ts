/** Receives that wait for messages, per queue, first come first served. */

export interface Poll<T> {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  /** Takes what there is now. @returns undefined when there is nothing. */
  readonly attempt: () => Promise<T> | undefined;
  /** The answer when nothing came. */
  readonly empty: T;
}

interface WaitingPoll {
  /** @returns whether it was served, and is over. */
  serve(): boolean;
  end(): void;
}

export class LongPolls {
  readonly #waiting = new Map<string, Set<WaitingPoll>>();

  /** Queues that somebody waits for. */
  get queues(): Iterable<string> {
    return this.#waiting.keys();
  }

  /** Waits until `serve` finds something, the time is over, the signal aborts, or `endAll`. */
  wait<T>(queue: string, { waitMs, signal, attempt, empty }: Poll<T>): Promise<T> {
    if (signal?.aborted === true) return Promise.resolve(empty);
    return new Promise((resolve) => {
      const finish = (answer: T | Promise<T>): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', poll.end);
        this.#leave(queue, poll);
        resolve(answer);
      };
      const poll: WaitingPoll = {
        serve: () => {
          const taken = attempt();
          if (taken !== undefined) finish(taken);
          return taken !== undefined;
        },
        end: () => finish(empty),
      };
      const timer = setTimeout(poll.end, waitMs);
      signal?.addEventListener('abort', poll.end, { once: true });
      this.#enter(queue, poll);
    });
  }

  /** Serves the queue's polls in order, as long as there is something. */
  serve(queue: string): void {
    for (const poll of this.#waiting.get(queue) ?? []) {
      if (!poll.serve()) return;
    }
  }

  endAll(): void {
    for (const polls of [...this.#waiting.values()]) {
      for (const poll of polls) poll.end();
    }
  }

  #enter(queue: string, poll: WaitingPoll): void {
    const polls = this.#waiting.get(queue) ?? new Set();
    this.#waiting.set(queue, polls.add(poll));
  }

  #leave(queue: string, poll: WaitingPoll): void {
    const polls = this.#waiting.get(queue);
    polls?.delete(poll);
    if (polls?.size === 0) this.#waiting.delete(queue);
  }
}
