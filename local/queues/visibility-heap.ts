/**
 * Messages that wait for their time (delayed, or in flight), soonest first. A message knows its place, so that one that
 * is deleted leaves at once: at 3,000 messages a second and a visibility of 180 s, leaving them until their time came
 * would keep half a million dead ones.
 */
import type { QueueEntry } from './queue-entry.ts';

export class VisibilityHeap {
  readonly #entries: QueueEntry[] = [];

  get soonest(): QueueEntry | undefined {
    return this.#entries[0];
  }

  add(entry: QueueEntry): void {
    this.#rise(entry, this.#entries.length);
  }

  /** Does nothing for an entry that is not here. */
  remove(entry: QueueEntry): void {
    const hole = entry.heapIndex;
    if (hole < 0) return;
    entry.heapIndex = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#sink(last, hole);
    this.#rise(last, last.heapIndex);
  }

  clear(): void {
    for (const entry of this.#entries) entry.heapIndex = -1;
    this.#entries.length = 0;
  }

  #rise(entry: QueueEntry, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#entries[above] as QueueEntry;
      if (!isSooner(entry, parent)) break;
      this.#place(parent, index);
      index = above;
    }
    this.#place(entry, index);
  }

  #sink(entry: QueueEntry, from: number): void {
    const size = this.#entries.length;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= size) break;
      const right = this.#entries[below + 1];
      if (right !== undefined && isSooner(right, this.#entries[below] as QueueEntry)) below += 1;
      const child = this.#entries[below] as QueueEntry;
      if (!isSooner(child, entry)) break;
      this.#place(child, index);
      index = below;
    }
    this.#place(entry, index);
  }

  #place(entry: QueueEntry, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }
}

function isSooner(a: QueueEntry, b: QueueEntry): boolean {
  return a.visibleAtMs < b.visibleAtMs || (a.visibleAtMs === b.visibleAtMs && a.id < b.id);
}
