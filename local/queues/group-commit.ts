/**
 * One transaction for all that arrives in one turn of the event loop. Each piece of work runs at once, and its promise
 * settles after the COMMIT. One commit costs as much as ten writes, so a commit each would halve what the queues carry.
 */
import { ServiceError } from '../services/service.ts';

export interface Transactions {
  begin(): void;
  commit(): void;
  rollback(): void;
}

export interface GroupCommitProps {
  readonly transactions: Transactions;
  /** Runs inside the transaction, right before it is committed; may add work. */
  readonly beforeCommit: () => void;
  readonly onCommitted: () => void;
  /** Told of a transaction that is lost: memory must be read again from disk. */
  readonly onLost: (cause: unknown) => void;
}

interface Settlement {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #props: GroupCommitProps;
  #waiting: Settlement[] = [];
  #isOpen = false;
  #failure: { readonly cause: unknown } | undefined;

  constructor(props: GroupCommitProps) {
    this.#props = props;
  }

  /**
   * Work must check before it writes: a ServiceError that it throws rejects its own promise alone, anything else loses
   * the whole transaction, and then every promise of it is rejected with InternalFailure (500), which clients retry.
   */
  run<T>(work: () => T): Promise<T> {
    try {
      this.#open();
      const value = work();
      return new Promise((resolve, reject) => this.#waiting.push({ resolve: () => resolve(value), reject }));
    } catch (error) {
      if (error instanceof ServiceError) return Promise.reject(error);
      this.#failure ??= { cause: error };
      return new Promise((_, reject) => this.#waiting.push({ resolve: () => reject(error), reject }));
    }
  }

  /** Commits what is open, without waiting for the end of the turn. */
  flush(): void {
    if (!this.#isOpen) return;
    this.#finish();
    const waiting = this.#waiting;
    const failure = this.#failure;
    this.#waiting = [];
    this.#failure = undefined;
    this.#isOpen = false;
    if (failure === undefined) {
      this.#props.onCommitted();
      for (const { resolve } of waiting) resolve();
      return;
    }
    this.#props.transactions.rollback();
    this.#props.onLost(failure.cause);
    const error = new ServiceError('InternalFailure', 'The queues could not write to disk.', 500);
    error.cause = failure.cause;
    for (const { reject } of waiting) reject(error);
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    setImmediate(() => this.flush());
    this.#props.transactions.begin();
  }

  #finish(): void {
    if (this.#failure !== undefined) return;
    try {
      this.#props.beforeCommit();
      if (this.#failure === undefined) this.#props.transactions.commit();
    } catch (error) {
      this.#failure = { cause: error };
    }
  }
}
