/** One queue in memory: which message is ready, which waits and until when. Knows no disk and no clock. */
import { FairLine } from './fair-line.ts';
import type { QueueCounts } from './message.ts';
import type { QueueEntry } from './queue-entry.ts';
import type { QueueSettings } from './queue-properties.ts';
import { VisibilityHeap } from './visibility-heap.ts';

// A group is noisy with over a tenth of all in flight and at least 30. Source: SQS Developer Guide, "fair queues".
const NOISY_SHARE = 0.1;
const NOISY_LEAST = 30;
/** Looking for expired messages means looking at each, so at most once in so many ms. */
const EXPIRY_EVERY_MS = 1_000;

export interface Receive {
  readonly nowMs: number;
  readonly visibleAtMs: number;
  readonly heldBy: string | undefined;
}

export class QueueState {
  readonly id: number;
  settings: QueueSettings;
  readonly createdAtMs: number;
  modifiedAtMs: number;
  readonly #entries = new Map<number, QueueEntry>();
  readonly #line = new FairLine();
  readonly #waiting = new VisibilityHeap();
  readonly #inFlightOfGroup = new Map<string, number>();
  #inFlight = 0;
  #delayed = 0;
  /** No message was sent before this, or expires before it plus the retention. */
  #oldestSentAtMs = Number.POSITIVE_INFINITY;
  #expirySearchedAtMs = Number.NEGATIVE_INFINITY;

  constructor(id: number, settings: QueueSettings, createdAtMs: number) {
    this.id = id;
    this.settings = settings;
    this.createdAtMs = createdAtMs;
    this.modifiedAtMs = createdAtMs;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get hasReady(): boolean {
    return this.#entries.size > this.#inFlight + this.#delayed;
  }

  /** When the next message becomes ready by itself; undefined when none waits. */
  get nextVisibleAtMs(): number | undefined {
    return this.#waiting.soonest?.visibleAtMs;
  }

  get counts(): QueueCounts {
    const visible = this.#entries.size - this.#inFlight - this.#delayed;
    return { visible, inFlight: this.#inFlight, delayed: this.#delayed };
  }

  get(id: number): QueueEntry | undefined {
    return this.#entries.get(id);
  }

  all(): Iterable<QueueEntry> {
    return this.#entries.values();
  }

  /** Takes in a new message, or one that comes from disk or from another queue. */
  add(entry: QueueEntry, nowMs: number): void {
    this.#entries.set(entry.id, entry);
    this.#oldestSentAtMs = Math.min(this.#oldestSentAtMs, entry.sentAtMs);
    if (entry.visibleAtMs <= nowMs) this.#makeReady(entry);
    else this.#makeWait(entry, entry.receivesHere > 0 ? 'in-flight' : 'delayed');
  }

  /** Makes ready what has waited long enough. */
  promote(nowMs: number): void {
    for (;;) {
      const entry = this.#waiting.soonest;
      if (entry === undefined || entry.visibleAtMs > nowMs) return;
      this.#leaveState(entry);
      this.#makeReady(entry);
    }
  }

  /** The next ready message, which must be received or removed at once. */
  next(): QueueEntry | undefined {
    return this.#line.next(this.#isNoisy);
  }

  /** Puts what `next` returned at the end of the line, unreceived. */
  putBack(entry: QueueEntry): void {
    this.#makeReady(entry);
  }

  /** Marks what `next` returned as received. */
  receive(entry: QueueEntry, { nowMs, visibleAtMs, heldBy }: Receive): void {
    entry.receivedAtMs = nowMs;
    if (entry.firstReceivedAtMs === 0) entry.firstReceivedAtMs = nowMs;
    entry.receiveCount += 1;
    entry.receivesHere += 1;
    entry.heldBy = heldBy;
    entry.visibleAtMs = visibleAtMs;
    if (visibleAtMs <= nowMs) this.#makeReady(entry);
    else this.#makeWait(entry, 'in-flight');
  }

  /** Moves the end of an in-flight message's wait, and with it the mark that a poller holds it. */
  reschedule(entry: QueueEntry, visibleAtMs: number, nowMs: number): void {
    this.#leaveState(entry);
    entry.heldBy = undefined;
    entry.visibleAtMs = visibleAtMs;
    if (visibleAtMs <= nowMs) this.#makeReady(entry);
    else this.#makeWait(entry, 'in-flight');
  }

  remove(entry: QueueEntry): void {
    this.#leaveState(entry);
    entry.state = 'gone';
    this.#entries.delete(entry.id);
  }

  clear(): void {
    for (const entry of this.#entries.values()) entry.state = 'gone';
    this.#entries.clear();
    this.#line.clear();
    this.#waiting.clear();
    this.#inFlightOfGroup.clear();
    this.#inFlight = 0;
    this.#delayed = 0;
    this.#oldestSentAtMs = Number.POSITIVE_INFINITY;
  }

  isExpired(entry: QueueEntry, nowMs: number): boolean {
    return entry.sentAtMs + this.settings.messageRetentionSeconds * 1_000 <= nowMs;
  }

  /** Whether a look for expired messages is worth its while. */
  hasExpired(nowMs: number): boolean {
    const isAnyDue = this.#oldestSentAtMs + this.settings.messageRetentionSeconds * 1_000 <= nowMs;
    return isAnyDue && nowMs >= this.#expirySearchedAtMs + EXPIRY_EVERY_MS;
  }

  /** Messages past their retention, in whatever state. */
  expired(nowMs: number): readonly QueueEntry[] {
    this.#expirySearchedAtMs = nowMs;
    const expired: QueueEntry[] = [];
    let oldest = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      if (this.isExpired(entry, nowMs)) expired.push(entry);
      else oldest = Math.min(oldest, entry.sentAtMs);
    }
    this.#oldestSentAtMs = oldest;
    return expired;
  }

  readonly #isNoisy = (groupId: string): boolean => {
    const inFlight = this.#inFlightOfGroup.get(groupId) ?? 0;
    return inFlight >= NOISY_LEAST && inFlight > this.#inFlight * NOISY_SHARE;
  };

  #makeReady(entry: QueueEntry): void {
    entry.state = 'ready';
    entry.heldBy = undefined;
    this.#line.push(entry);
  }

  #makeWait(entry: QueueEntry, state: 'delayed' | 'in-flight'): void {
    entry.state = state;
    this.#waiting.add(entry);
    if (state === 'delayed') this.#delayed += 1;
    else this.#countInFlight(entry.groupId, 1);
  }

  #leaveState(entry: QueueEntry): void {
    this.#waiting.remove(entry);
    if (entry.state === 'delayed') this.#delayed -= 1;
    if (entry.state === 'in-flight') this.#countInFlight(entry.groupId, -1);
  }

  #countInFlight(groupId: string | undefined, by: number): void {
    this.#inFlight += by;
    if (groupId === undefined) return;
    const count = (this.#inFlightOfGroup.get(groupId) ?? 0) + by;
    if (count === 0) this.#inFlightOfGroup.delete(groupId);
    else this.#inFlightOfGroup.set(groupId, count);
  }
}
