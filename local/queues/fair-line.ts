/**
 * Ready messages in the order in which they are handed out: first in, first out, except that a noisy group waits while
 * others have anything. Its messages are set aside once each, as they come up, so a step costs O(1) and not a search
 * past the noisy group's backlog. Source: SQS Developer Guide, "Amazon SQS fair queues".
 */
import { EntryLine } from './entry-line.ts';
import type { QueueEntry } from './queue-entry.ts';

export type IsNoisy = (groupId: string) => boolean;

export class FairLine {
  readonly #line = new EntryLine();
  readonly #aside = new Map<string, EntryLine>();
  #turn = 0;

  /** The entry must be ready. */
  push(entry: QueueEntry): void {
    entry.turn = this.#turn++;
    this.#line.push(entry);
  }

  /** Takes the next one out. Its state is the caller's to change, before the next call. */
  next(isNoisy: IsNoisy): QueueEntry | undefined {
    const quietAside = this.#firstAside((groupId) => !isNoisy(groupId));
    const head = this.#quietHead(isNoisy, quietAside);
    if (head !== undefined && (quietAside === undefined || head.turn < quietAside.turn)) {
      this.#line.shift();
      return head;
    }
    return this.#takeAside(quietAside ?? this.#firstAside(() => true));
  }

  clear(): void {
    this.#line.clear();
    this.#aside.clear();
  }

  #quietHead(isNoisy: IsNoisy, quietAside: QueueEntry | undefined): QueueEntry | undefined {
    for (;;) {
      const head = this.#line.peek();
      if (head?.groupId === undefined || !isNoisy(head.groupId)) return head;
      // An older one of another group goes first anyway: no need to look behind it.
      if (quietAside !== undefined && quietAside.turn < head.turn) return undefined;
      this.#line.shift();
      this.#setAside(head, head.groupId);
    }
  }

  #setAside(entry: QueueEntry, groupId: string): void {
    const line = this.#aside.get(groupId) ?? new EntryLine();
    this.#aside.set(groupId, line);
    line.push(entry);
  }

  // At most nine groups can be noisy at a time (each has over a tenth of what is in flight), so the map is small.
  #firstAside(isWanted: (groupId: string) => boolean): QueueEntry | undefined {
    let first: QueueEntry | undefined;
    for (const [groupId, line] of this.#aside) {
      const head = line.peek();
      if (head === undefined) this.#aside.delete(groupId);
      else if ((first === undefined || head.turn < first.turn) && isWanted(groupId)) first = head;
    }
    return first;
  }

  #takeAside(entry: QueueEntry | undefined): QueueEntry | undefined {
    if (entry?.groupId !== undefined) this.#aside.get(entry.groupId)?.shift();
    return entry;
  }
}
