/** First in, first out, without moving the rest at each step. Entries that left the queue meanwhile are passed over. */
import type { QueueEntry } from './queue-entry.ts';

// Shifting an array moves all of it; cutting off what was served costs as much, so only once in so many.
const CUT_AFTER = 1_024;

export class EntryLine {
  #entries: QueueEntry[] = [];
  #served = 0;

  push(entry: QueueEntry): void {
    this.#entries.push(entry);
  }

  /** @returns the first one that is still ready, left in place. */
  peek(): QueueEntry | undefined {
    for (;;) {
      const first = this.#entries[this.#served];
      if (first === undefined || first.state === 'ready') return first;
      this.shift();
    }
  }

  shift(): void {
    this.#served += 1;
    if (this.#served >= CUT_AFTER && this.#served * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#served);
      this.#served = 0;
    }
  }

  clear(): void {
    this.#entries = [];
    this.#served = 0;
  }
}
