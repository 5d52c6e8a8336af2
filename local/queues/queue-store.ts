/**
 * Durable queues of this machine, in this process: what the engine's own pollers call, and what `SqsService` puts on
 * the wire. Every promise settles after its change is committed: what was acknowledged survives a kill -9 of the
 * process, and a power cut takes at most the last second.
 *
 * One of our own, since fauxqs 2.4.1 keeps no MessageGroupId, takes DelaySeconds 901, has no limit in flight, cannot
 * tell a message that a dead poller held from one that waits out a backoff, and carries 550 to 850 deliveries/s.
 */
import { ServiceError } from '../services/service.ts';
import { GroupCommit } from './group-commit.ts';
import type {
  DeleteEntry,
  EntryOutcome,
  OutgoingEntry,
  OutgoingMessage,
  QueueCounts,
  ReceivedMessage,
  SendOutcome,
  VisibilityEntry,
} from './message.ts';
import { checkBatchBytes, checkBatchIds, checkMessage } from './message-limits.ts';
import { MessageMover } from './message-mover.ts';
import { QueueBook } from './queue-book.ts';
import { QueueDatabase } from './queue-database.ts';
import { storeClosed } from './queue-error.ts';
import {
  inRange,
  LONGEST_VISIBILITY_SECONDS,
  type QueueProps,
  type QueueSettings,
  queueSettings,
} from './queue-properties.ts';
import type { QueueState } from './queue-state.ts';
import { type ReceiveProps, Receiver } from './receiver.ts';
import { WalSync } from './wal-sync.ts';

export interface QueueStoreProps {
  /** Path of the database file, or `:memory:` for queues that end with the process. */
  readonly file: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** Messages in flight per queue. @default 120,000. Source: SQS Developer Guide, "Amazon SQS standard queue quotas" */
  readonly inFlightLimit?: number;
  /** Told of faults that no caller waits for. @default writes to stderr */
  readonly onFault?: (error: unknown) => void;
}

export interface QueueDescription {
  readonly settings: QueueSettings;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

const EXPIRY_ROUND_MS = 60_000;

/** @throws ERR_SQLITE_ERROR when the file is no database, or another process has it open. */
export function openQueueStore(props: QueueStoreProps): QueueStore {
  return new QueueStore(props);
}

export class QueueStore {
  readonly #database: QueueDatabase;
  readonly #book: QueueBook;
  readonly #commit: GroupCommit;
  readonly #now: () => number;
  readonly #receiver: Receiver;
  readonly #onFault: (error: unknown) => void;
  readonly #walSync: WalSync | undefined;
  readonly #expiryRounds: NodeJS.Timeout;
  /** Redrive tasks of the dead-letter queues. */
  readonly moves: MessageMover;
  #isClosed = false;

  constructor({ file, now = Date.now, inFlightLimit = 120_000, onFault = console.error }: QueueStoreProps) {
    this.#now = now;
    this.#onFault = onFault;
    this.#database = new QueueDatabase(file);
    this.#book = new QueueBook({ database: this.#database, now, inFlightLimit });
    this.#walSync = file === ':memory:' ? undefined : new WalSync(file, this.#onFault);
    this.#commit = new GroupCommit({
      transactions: this.#database,
      beforeCommit: () => this.#receiver.serveAll(),
      onCommitted: () => this.#walSync?.touch(),
      onLost: (cause) => {
        this.#onFault(cause);
        this.#book.load();
      },
    });
    const parts = { book: this.#book, commit: this.#commit, now };
    this.#receiver = new Receiver({ ...parts, inFlightLimit, onFault });
    this.moves = new MessageMover({ ...parts, database: this.#database });
    this.#expiryRounds = setInterval(() => this.#dropExpired(), EXPIRY_ROUND_MS).unref();
  }

  /**
   * Creates the queue, or gives an existing one of this name these attributes; its messages stay.
   * @throws ServiceError InvalidParameterValue for a value outside its range.
   */
  createQueue(props: QueueProps): Promise<void> {
    return this.#write(() => this.#book.createQueue(queueSettings(props)));
  }

  queueNames(): readonly string[] {
    return [...this.#book.queues].map((queue) => queue.settings.name).sort();
  }

  /** @throws ServiceError QueueDoesNotExist. */
  describe(name: string): QueueDescription {
    const { settings, createdAtMs, modifiedAtMs } = this.#book.queue(name);
    return { settings, createdAtMs, modifiedAtMs };
  }

  /** @throws ServiceError QueueDoesNotExist. */
  counts(name: string): QueueCounts {
    const queue = this.#book.queue(name);
    if (queue.hasExpired(this.#now())) this.#dropExpired();
    queue.promote(this.#now());
    return queue.counts;
  }

  /** @returns the message's id. @throws ServiceError when SQS would refuse the message. */
  send(name: string, message: OutgoingMessage): Promise<string> {
    return this.#write(() => {
      const queue = this.#book.queue(name);
      checkMessage(message, queue.settings);
      return this.#book.put(queue, message);
    });
  }

  /**
   * One to ten messages, at most 1 MiB in all; each can fail by itself.
   * @throws ServiceError for a batch that SQS would refuse as a whole.
   */
  sendBatch(name: string, entries: readonly OutgoingEntry[]): Promise<readonly SendOutcome[]> {
    return this.#write(() => {
      const queue = this.#book.queue(name);
      checkBatchIds(entries);
      checkBatchBytes(entries);
      return entries.map((entry) => this.#sendEntry(queue, entry));
    });
  }

  /**
   * @returns at most `max` messages; none after a wait that brought none.
   * @throws ServiceError OverLimit (403) without a wait, while the queue has its limit in flight. With a wait, as in
   * AWS, it counts as nothing being there. Source: SQS Developer Guide, "Amazon SQS standard queue quotas".
   */
  async receive(props: ReceiveProps): Promise<readonly ReceivedMessage[]> {
    if (this.#isClosed) throw storeClosed();
    return this.#receiver.receive(props);
  }

  /** Up to ten. A receipt that is not the message's latest succeeds and deletes nothing, as in AWS. */
  deleteBatch(name: string, entries: readonly DeleteEntry[]): Promise<readonly EntryOutcome[]> {
    return this.#writeEach(name, entries, (queue, entry) => this.#book.delete(queue, entry.receiptHandle));
  }

  /** Up to ten; from then on no poller holds them. */
  changeVisibilityBatch(name: string, entries: readonly VisibilityEntry[]): Promise<readonly EntryOutcome[]> {
    return this.#writeEach(name, entries, (queue, entry) => {
      const seconds = entry.visibilityTimeoutSeconds;
      inRange('VisibilityTimeout', seconds, 0, LONGEST_VISIBILITY_SECONDS);
      this.#book.changeVisibility(queue, entry.receiptHandle, seconds);
    });
  }

  /** Deletes every message of the queue, in whatever state. @throws ServiceError QueueDoesNotExist. */
  purge(name: string): Promise<void> {
    return this.#write(() => this.#book.purge(this.#book.queue(name)));
  }

  /**
   * After a crash: makes the messages visible that pollers of the dead process held. Those that wait out a backoff
   * (their visibility was changed), and those of receivers outside the engine, keep waiting.
   * @returns how many.
   */
  recover(): Promise<number> {
    return this.#write(() => this.#book.release(() => true));
  }

  /**
   * After a crash, and before anyone receives: no message counts as handed out for the first time any more. Which of
   * them were enqueued twice by a sender that died in between, nobody knows; receivers look twice at repeats.
   * @returns how many.
   */
  distrustFirstReceives(): Promise<number> {
    return this.#write(() => this.#book.distrustFirstReceives());
  }

  /** `recover` for one poller whose worker has died. @returns how many. */
  releaseHeldBy(pollerId: string): Promise<number> {
    return this.#write(() => this.#book.release((holder) => holder === pollerId));
  }

  /** Ends all waits with no messages, writes what is open, and closes the file. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.moves.close();
    clearInterval(this.#expiryRounds);
    this.#receiver.close();
    this.#commit.flush();
    await this.#walSync?.close();
    this.#database.close();
  }

  #write<T>(work: () => T): Promise<T> {
    return this.#isClosed ? Promise.reject(storeClosed()) : this.#commit.run(work);
  }

  #writeEach<E extends { readonly id: string }>(
    name: string,
    entries: readonly E[],
    work: (queue: QueueState, entry: E) => void,
  ): Promise<readonly EntryOutcome[]> {
    return this.#write(() => {
      const queue = this.#book.queue(name);
      checkBatchIds(entries);
      return entries.map((entry) => entryOutcome(entry.id, () => work(queue, entry)));
    });
  }

  #sendEntry(queue: QueueState, entry: OutgoingEntry): SendOutcome {
    let messageId = '';
    const outcome = entryOutcome(entry.id, () => {
      checkMessage(entry, queue.settings);
      messageId = this.#book.put(queue, entry);
    });
    if (outcome.isDone) return { isSent: true, id: entry.id, messageId };
    return { isSent: false, id: outcome.id, code: outcome.code, message: outcome.message };
  }

  #dropExpired(): void {
    const now = this.#now();
    const due = [...this.#book.queues].filter((queue) => queue.hasExpired(now));
    if (due.length === 0) return;
    const drop = (): void => {
      for (const queue of due) this.#book.dropExpired(queue);
    };
    this.#commit.run(drop).catch(this.#onFault);
  }
}

/** One bad entry fails by itself; a fault of the disk fails all. */
function entryOutcome(id: string, work: () => void): EntryOutcome {
  try {
    work();
    return { isDone: true, id };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { isDone: false, id, code: error.code, message: error.message };
  }
}
