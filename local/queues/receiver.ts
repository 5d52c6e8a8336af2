/** Receives from the queues: at once, or after a wait that ends as soon as one message is there. */
import type { GroupCommit } from './group-commit.ts';
import { LongPolls } from './long-polls.ts';
import type { ReceivedMessage } from './message.ts';
import type { QueueBook } from './queue-book.ts';
import { overLimit } from './queue-error.ts';
import { inRange, LONGEST_VISIBILITY_SECONDS, LONGEST_WAIT_SECONDS } from './queue-properties.ts';
import type { QueueState } from './queue-state.ts';

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
  /** Once aborted, nothing is taken and a wait ends with nothing. Messages that were taken before are still returned. */
  readonly signal?: AbortSignal | undefined;
}

export interface ReceiverProps {
  readonly book: QueueBook;
  readonly commit: GroupCommit;
  readonly now: () => number;
  readonly inFlightLimit: number;
  readonly onFault: (error: unknown) => void;
}

export class Receiver {
  readonly #props: ReceiverProps;
  readonly #polls = new LongPolls();
  #wake: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined;
  #isClosed = false;

  constructor(props: ReceiverProps) {
    this.#props = props;
  }

  /** See `QueueStore.receive`. */
  async receive(props: ReceiveProps): Promise<readonly ReceivedMessage[]> {
    const { book, inFlightLimit } = this.#props;
    const queue = book.queue(props.queue);
    inRange('MaxNumberOfMessages', props.max ?? 1, 1, 10);
    inRange('VisibilityTimeout', props.visibilityTimeoutSeconds ?? 0, 0, LONGEST_VISIBILITY_SECONDS);
    const waitMs = props.waitMs ?? queue.settings.receiveWaitSeconds * 1_000;
    inRange('WaitTimeSeconds', Math.ceil(waitMs / 1_000), 0, LONGEST_WAIT_SECONDS);
    if (props.signal?.aborted === true) return [];
    const attempt = () => this.#attempt(queue, props);
    const taken = attempt();
    if (taken !== undefined) return taken;
    if (waitMs > 0) {
      const polled = this.#polls.wait(props.queue, { waitMs, signal: props.signal, attempt, empty: [] });
      this.#setWake();
      return polled;
    }
    if (book.isFull(queue)) throw overLimit(inFlightLimit);
    return [];
  }

  /** Serves those who wait, inside the transaction that is open or in one of their own. */
  serveAll(): void {
    for (const name of [...this.#polls.queues]) this.#polls.serve(name);
    this.#setWake();
  }

  /** Ends all waits with no messages. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#wake?.timer);
    this.#polls.endAll();
  }

  #attempt(queue: QueueState, props: ReceiveProps): Promise<readonly ReceivedMessage[]> | undefined {
    const { book, commit, onFault } = this.#props;
    if (this.#isClosed || !book.isAnyReady(queue) || book.isFull(queue)) return undefined;
    let isEmpty = false;
    const committed = commit.run(() => {
      const { max = 1, visibilityTimeoutSeconds, pollerId } = props;
      const messages = book.take(queue, { max, visibilityTimeoutSeconds, heldBy: pollerId });
      isEmpty = messages.length === 0;
      return messages;
    });
    if (!isEmpty) return committed;
    // All that was ready had expired or went to the dead letters: as good as nothing.
    committed.catch(onFault);
    return undefined;
  }

  /** Sets the clock for the next message that becomes visible by itself while somebody waits for it. */
  #setWake(): void {
    let atMs = Number.POSITIVE_INFINITY;
    for (const name of this.#polls.queues) {
      atMs = Math.min(atMs, this.#props.book.find(name)?.nextVisibleAtMs ?? Number.POSITIVE_INFINITY);
    }
    if (atMs === (this.#wake?.atMs ?? Number.POSITIVE_INFINITY)) return;
    clearTimeout(this.#wake?.timer);
    this.#wake = undefined;
    if (atMs === Number.POSITIVE_INFINITY || this.#isClosed) return;
    const timer = setTimeout(
      () => {
        this.#wake = undefined;
        this.serveAll();
      },
      Math.max(1, atMs - this.#props.now()),
    );
    this.#wake = { atMs, timer };
  }
}
