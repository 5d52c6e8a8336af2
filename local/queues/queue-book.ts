/**
 * All queues, in memory and on disk alike: each change is made in both, within the transaction that the caller holds.
 * When that transaction is lost, `load` reads memory anew from disk.
 */
import { randomUUID } from 'node:crypto';
import { ServiceError } from '../services/service.ts';
import { ContentCache } from './content-cache.ts';
import type { OutgoingMessage, ReceivedMessage } from './message.ts';
import type { QueueDatabase, StoredQueue } from './queue-database.ts';
import { type MessageContent, newEntry, type QueueEntry } from './queue-entry.ts';
import { invalidValue, queueDoesNotExist } from './queue-error.ts';
import { LONGEST_VISIBILITY_SECONDS, type QueueSettings } from './queue-properties.ts';
import { QueueState } from './queue-state.ts';
import { parseReceipt, type Receipt } from './receipt-handle.ts';
import { receivedMessage } from './received-message.ts';

export interface QueueBookProps {
  readonly database: QueueDatabase;
  readonly now: () => number;
  readonly inFlightLimit: number;
}

export interface Take {
  readonly max: number;
  readonly visibilityTimeoutSeconds: number | undefined;
  readonly heldBy: string | undefined;
}

export type MoveOutcome = 'moved' | 'empty' | 'source-unknown';

export class QueueBook {
  readonly #database: QueueDatabase;
  readonly #now: () => number;
  readonly #inFlightLimit: number;
  readonly #queues = new Map<string, QueueState>();
  readonly #contents = new ContentCache();
  #nextId = 0;

  constructor(props: QueueBookProps) {
    this.#database = props.database;
    this.#now = props.now;
    this.#inFlightLimit = props.inFlightLimit;
    this.load();
  }

  load(): void {
    for (const queue of this.#queues.values()) queue.clear();
    this.#contents.clear();
    const byId = new Map(this.#database.queues().map((stored) => [stored.id, this.#adopt(stored)]));
    for (const [name, queue] of this.#queues) if (!byId.has(queue.id)) this.#queues.delete(name);
    const now = this.#now();
    // Rows are named by time, so that a row deleted before a restart is never named again: an old receipt would fit it.
    this.#nextId = Math.max(this.#nextId, now * 1_000);
    for (const { queue, entry } of this.#database.entries()) {
      byId.get(queue)?.add(entry, now);
      this.#nextId = Math.max(this.#nextId, entry.id + 1);
    }
  }

  createQueue(settings: QueueSettings): void {
    this.#adopt(this.#database.putQueue(settings, this.#now()));
  }

  get queues(): Iterable<QueueState> {
    return this.#queues.values();
  }

  find(name: string): QueueState | undefined {
    return this.#queues.get(name);
  }

  /** @throws ServiceError QueueDoesNotExist. */
  queue(name: string): QueueState {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw queueDoesNotExist();
    return queue;
  }

  /** Takes a message in that was checked before. @returns its message id. */
  put(queue: QueueState, message: OutgoingMessage): string {
    const now = this.#now();
    const content = { body: message.body, attributes: message.attributes };
    const entry = newEntry(
      {
        id: this.#nextId++,
        messageId: randomUUID(),
        groupId: message.groupId,
        senderId: message.senderId ?? 'tidegate',
        sentAtMs: now,
        visibleAtMs: now + (message.delaySeconds ?? queue.settings.delaySeconds) * 1_000,
      },
      undefined,
    );
    this.#database.insert(queue.id, entry, content);
    this.#contents.keep(entry, content);
    queue.add(entry, now);
    return entry.messageId;
  }

  /** Lets time pass in one queue; writes only when something has expired. */
  isAnyReady(queue: QueueState): boolean {
    queue.promote(this.#now());
    return queue.hasReady;
  }

  isFull(queue: QueueState): boolean {
    return queue.inFlight >= this.#inFlightLimit;
  }

  /** @returns at most `max` messages, fewer when the queue has fewer or meets the limit of those in flight. */
  take(queue: QueueState, take: Take): ReceivedMessage[] {
    const now = this.#now();
    const timeoutSeconds = take.visibilityTimeoutSeconds ?? queue.settings.visibilityTimeoutSeconds;
    const received: ReceivedMessage[] = [];
    // With a timeout of 0 a message is ready again at once, and must not be handed out twice in one answer.
    for (
      let unseen = queue.counts.visible;
      unseen > 0 && received.length < take.max && !this.isFull(queue);
      unseen -= 1
    ) {
      const entry = queue.next();
      if (entry === undefined) break;
      if (queue.isExpired(entry, now)) this.#remove(queue, entry);
      else if (!this.#giveUp(queue, entry)) {
        queue.receive(entry, { nowMs: now, visibleAtMs: now + timeoutSeconds * 1_000, heldBy: take.heldBy });
        this.#database.receive(entry);
        received.push(receivedMessage(queue.id, entry, this.#contentOf(entry)));
      }
    }
    return received;
  }

  /**
   * A receipt of an earlier receive succeeds and deletes nothing: "you must provide the most recently received
   * ReceiptHandle for the message (otherwise, the request succeeds, but the message will not be deleted)". The latest
   * one deletes even after its visibility has run out. Source: SQS API Reference, DeleteMessage.
   * @throws ServiceError ReceiptHandleIsInvalid.
   */
  delete(queue: QueueState, receiptHandle: string): void {
    const entry = this.#latest(queue, parseReceipt(receiptHandle));
    if (entry !== undefined) this.#remove(queue, entry);
  }

  /**
   * @param seconds 0 to 43,200 from now, and no more than 43,200 (12 h) since the receive.
   * @throws ServiceError ReceiptHandleIsInvalid; InvalidParameterValue beyond 12 h or for a message that is gone;
   * MessageNotInflight when it is ready again. Source: SQS API Reference, ChangeMessageVisibility.
   */
  changeVisibility(queue: QueueState, receiptHandle: string, seconds: number): void {
    const now = this.#now();
    queue.promote(now);
    const entry = this.#latest(queue, parseReceipt(receiptHandle));
    if (entry === undefined) {
      const reason = 'Message does not exist or is not available for visibility timeout change.';
      throw invalidValue('ReceiptHandle', receiptHandle, reason);
    }
    if (entry.state !== 'in-flight') {
      throw new ServiceError('MessageNotInflight', 'The specified message is not in flight.');
    }
    const visibleAtMs = now + seconds * 1_000;
    if (visibleAtMs > entry.receivedAtMs + LONGEST_VISIBILITY_SECONDS * 1_000) {
      const reason = `Total VisibilityTimeout for the message is beyond the limit [${LONGEST_VISIBILITY_SECONDS} seconds]`;
      throw invalidValue('VisibilityTimeout', seconds, reason);
    }
    queue.reschedule(entry, visibleAtMs, now);
    this.#database.reschedule(entry);
  }

  /** Makes every in-flight message visible whose holder `isDead`. @returns how many. */
  release(isDead: (pollerId: string) => boolean): number {
    const now = this.#now();
    let count = 0;
    for (const queue of this.#queues.values()) {
      for (const entry of queue.all()) {
        if (entry.state !== 'in-flight' || entry.heldBy === undefined || !isDead(entry.heldBy)) continue;
        queue.reschedule(entry, now, now);
        this.#database.reschedule(entry);
        count += 1;
      }
    }
    return count;
  }

  /** @returns how many messages had not been received yet. */
  distrustFirstReceives(): number {
    const now = this.#now();
    let count = 0;
    for (const queue of this.#queues.values()) {
      for (const entry of queue.all()) {
        if (entry.receiveCount > 0) continue;
        entry.receiveCount = 1;
        entry.firstReceivedAtMs = now;
        this.#database.receive(entry);
        count += 1;
      }
    }
    return count;
  }

  dropExpired(queue: QueueState): void {
    for (const entry of queue.expired(this.#now())) this.#remove(queue, entry);
  }

  purge(queue: QueueState): void {
    for (const entry of queue.all()) this.#contents.drop(entry);
    queue.clear();
    this.#database.deleteAll(queue.id);
  }

  /**
   * Moves the next ready message out of a dead-letter queue, as a new one: new id, new age, no receives.
   * @param destination name of a queue; undefined sends it back to where it came from.
   * Source: SQS Developer Guide, "dead-letter queue redrive": "considered new messages with a new messageID and enqueueTime".
   */
  moveOn(from: QueueState, destination: string | undefined): MoveOutcome {
    const entry = this.isAnyReady(from) ? from.next() : undefined;
    if (entry === undefined) return 'empty';
    const target = this.#queues.get(destination ?? entry.deadLetterSource ?? '');
    if (target === undefined) {
      from.putBack(entry);
      return 'source-unknown';
    }
    const { groupId, senderId } = entry;
    this.put(target, { ...this.#contentOf(entry), groupId, senderId });
    this.#remove(from, entry);
    return 'moved';
  }

  #adopt(stored: StoredQueue): QueueState {
    const { settings } = stored;
    const queue = this.#queues.get(settings.name) ?? new QueueState(stored.id, settings, stored.createdAtMs);
    queue.settings = settings;
    queue.modifiedAtMs = stored.modifiedAtMs;
    this.#queues.set(settings.name, queue);
    return queue;
  }

  /** The message that a receipt stands for, unless it is gone or was received again since. */
  #latest(queue: QueueState, receipt: Receipt): QueueEntry | undefined {
    const entry = receipt.queue === queue.id ? queue.get(receipt.message) : undefined;
    const isLatest = entry?.messageId === receipt.messageId && entry.receiveCount === receipt.receive;
    return isLatest ? entry : undefined;
  }

  /**
   * Moves a message to the dead-letter queue instead of handing it out once more than maxReceiveCount allows. It keeps
   * its id, its age ("the enqueue timestamp is unchanged", Developer Guide, "dead-letter queues") and its receive count.
   */
  #giveUp(queue: QueueState, entry: QueueEntry): boolean {
    const { redrive } = queue.settings;
    const deadLetters = redrive === undefined ? undefined : this.#queues.get(redrive.deadLetterQueue);
    if (redrive === undefined || deadLetters === undefined || entry.receivesHere < redrive.maxReceiveCount)
      return false;
    const now = this.#now();
    queue.remove(entry);
    entry.deadLetterSource = queue.settings.name;
    entry.receivesHere = 0;
    entry.heldBy = undefined;
    entry.visibleAtMs = now;
    deadLetters.add(entry, now);
    this.#database.moveToDeadLetters(entry, deadLetters.id);
    return true;
  }

  #remove(queue: QueueState, entry: QueueEntry): void {
    queue.remove(entry);
    this.#contents.drop(entry);
    this.#database.delete(entry.id);
  }

  #contentOf(entry: QueueEntry): MessageContent {
    return this.#contents.drop(entry) ?? this.#database.content(entry.id);
  }
}
