/**
 * Brings the write-ahead log to the disk within a second of each commit. SQLite itself does so only before it moves the
 * log into the file (synchronous=NORMAL), which on a quiet evening is never; a power cut would take all since then.
 * The sync runs on libuv's threads: 1 to 10 ms that no request waits for.
 */
import { open } from 'node:fs/promises';

const WITHIN_MS = 500;

export class WalSync {
  readonly #file: string;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  /** @param onError told of a sync that failed: what was committed since the last is safe from a crash, not from a power cut. */
  constructor(databaseFile: string, onError: (error: unknown) => void) {
    this.#file = `${databaseFile}-wal`;
    this.#onError = onError;
  }

  /** Something was committed. */
  touch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#sync();
    }, WITHIN_MS).unref();
  }

  /** Waits for a sync that is under way. Closing the database does the last one. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  // Opened anew each time, since SQLite may have put another file under the name. Any descriptor syncs the whole file.
  async #sync(): Promise<void> {
    try {
      const log = await open(this.#file, 'r+');
      try {
        await log.datasync();
      } finally {
        await log.close();
      }
    } catch (error) {
      this.#onError(error);
    }
  }
}
