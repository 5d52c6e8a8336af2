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
import { LongPolls } from './long-polls.ts';
import type {
  EntryOutcome,
  OutgoingEntry,
  OutgoingMessage,
  QueueCounts,
  ReceivedMessage,
  SendOutcome,
} from './message.ts';
import { checkBatchBytes, checkBatchIds, checkMessage } from './message-limits.ts';
import { MessageMover } from './message-mover.ts';
import { QueueBook } from './queue-book.ts';
import { QueueDatabase } from './queue-database.ts';
import { overLimit, storeClosed } from './queue-error.ts';
import {
  inRange,
  LONGEST_VISIBILITY_SECONDS,
  LONGEST_WAIT_SECONDS,
  type QueueProps,
  type QueueSettings,
  queueSettings,
} from './queue-properties.ts';
import type { QueueState } from './queue-state.ts';
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

export interface ReceiveProps {
  readonly queue: string;
  /** 1 to 10. @default 1 */
  readonly max?: number | undefined;
  /** Up to 20,000; a wait ends as soon as one message is there. @default the queue's own */
  readonly waitMs?: number | undefined;
  /** 0 to 43,200. @default the queue's own */
  readonly visibilityTimeoutSeconds?: number | undefined;
  /** Marks the messages as held by this poller of the engine until their visibility is changed or they are deleted. */
  readonly pollerId?: string | undefined;
  /** Ends a wait with no messages. Messages that were taken before are still returned. */
  readonly signal?: AbortSignal | undefined;
}

export interface DeleteEntry {
  readonly id: string;
  readonly receiptHandle: string;
}

export interface VisibilityEntry extends DeleteEntry {
  /** 0 to 43,200 from now. */
  readonly visibilityTimeoutSeconds: number;
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
  readonly #polls = new LongPolls();
  readonly #now: () => number;
  readonly #inFlightLimit: number;
  readonly #onFault: (error: unknown) => void;
  readonly #walSync: WalSync | undefined;
  readonly #expiryRounds: NodeJS.Timeout;
  /** Redrive tasks of the dead-letter queues. */
  readonly moves: MessageMover;
  #wake: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined;
  #isClosed = false;

  constructor({ file, now = Date.now, inFlightLimit = 120_000, onFault = console.error }: QueueStoreProps) {
    this.#now = now;
    this.#inFlightLimit = inFlightLimit;
    this.#onFault = onFault;
    this.#database = new QueueDatabase(file);
    this.#book = new QueueBook({ database: this.#database, now, inFlightLimit });
    this.#walSync = file === ':memory:' ? undefined : new WalSync(file, this.#onFault);
    this.#commit = new GroupCommit({
      transactions: this.#database,
      beforeCommit: () => this.#serveAll(),
      onCommitted: () => this.#walSync?.touch(),
      onLost: (cause) => {
        this.#onFault(cause);
        this.#book.load();
      },
    });
    this.moves = new MessageMover({ book: this.#book, database: this.#database, commit: this.#commit, now });
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
    const queue = this.#book.queue(props.queue);
    inRange('MaxNumberOfMessages', props.max ?? 1, 1, 10);
    inRange('VisibilityTimeout', props.visibilityTimeoutSeconds ?? 0, 0, LONGEST_VISIBILITY_SECONDS);
    const waitMs = props.waitMs ?? queue.settings.receiveWaitSeconds * 1_000;
    inRange('WaitTimeSeconds', Math.ceil(waitMs / 1_000), 0, LONGEST_WAIT_SECONDS);
    const attempt = () => this.#attempt(queue, props);
    const taken = attempt();
    if (taken !== undefined) return taken;
    if (waitMs > 0) {
      const polled = this.#polls.wait(props.queue, { waitMs, signal: props.signal, attempt, empty: [] });
      this.#setWake();
      return polled;
    }
    if (this.#book.isFull(queue)) throw overLimit(this.#inFlightLimit);
    return [];
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

  /** The same for one poller whose worker has died. @returns how many. */
  releaseHeldBy(pollerId: string): Promise<number> {
    return this.#write(() => this.#book.release((holder) => holder === pollerId));
  }

  /** Ends all waits with no messages, writes what is open, and closes the file. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.moves.close();
    clearInterval(this.#expiryRounds);
    clearTimeout(this.#wake?.timer);
    this.#polls.endAll();
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

  #attempt(queue: QueueState, props: ReceiveProps): Promise<readonly ReceivedMessage[]> | undefined {
    if (this.#isClosed || !this.#book.isAnyReady(queue) || this.#book.isFull(queue)) return undefined;
    let isEmpty = false;
    const committed = this.#commit.run(() => {
      const { max = 1, visibilityTimeoutSeconds, pollerId } = props;
      const messages = this.#book.take(queue, { max, visibilityTimeoutSeconds, heldBy: pollerId });
      isEmpty = messages.length === 0;
      return messages;
    });
    if (!isEmpty) return committed;
    // All that was ready had expired or went to the dead letters: as good as nothing.
    committed.catch(this.#onFault);
    return undefined;
  }

  #serveAll(): void {
    for (const name of [...this.#polls.queues]) this.#polls.serve(name);
    this.#setWake();
  }

  /** Sets the clock for the next message that becomes visible by itself while somebody waits for it. */
  #setWake(): void {
    let atMs = Number.POSITIVE_INFINITY;
    for (const name of this.#polls.queues) {
      atMs = Math.min(atMs, this.#book.find(name)?.nextVisibleAtMs ?? Number.POSITIVE_INFINITY);
    }
    if (atMs === (this.#wake?.atMs ?? Number.POSITIVE_INFINITY)) return;
    clearTimeout(this.#wake?.timer);
    this.#wake = undefined;
    if (atMs === Number.POSITIVE_INFINITY || this.#isClosed) return;
    const timer = setTimeout(
      () => {
        this.#wake = undefined;
        this.#serveAll();
      },
      Math.max(1, atMs - this.#now()),
    );
    this.#wake = { atMs, timer };
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
