/**
 * Contents between their send and their first receive, which is when nearly all are read: no look-up on disk for them.
 * What does not fit is read from disk.
 */
import type { MessageContent, QueueEntry } from './queue-entry.ts';

const MOST_CHARACTERS = 64 * 1_024 * 1_024;

export class ContentCache {
  #characters = 0;

  keep(entry: QueueEntry, content: MessageContent): void {
    if (this.#characters + content.body.length > MOST_CHARACTERS) return;
    this.#characters += content.body.length;
    entry.content = content;
  }

  /** @returns what was kept of the entry, which is no longer. */
  drop(entry: QueueEntry): MessageContent | undefined {
    const { content } = entry;
    if (content === undefined) return undefined;
    this.#characters -= content.body.length;
    entry.content = undefined;
    return content;
  }

  /** For when all entries are forgotten. */
  clear(): void {
    this.#characters = 0;
  }
}
