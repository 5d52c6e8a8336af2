/** Open transactions: each holds a connection until it is ended, or dies of idleness or age. */
import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import { ServiceError } from '../services/service.ts';
import { giveBack } from './connections.ts';
import type { DataApiLimits } from './limits.ts';

export interface TransactionOwner {
  readonly username: string;
  /** A caller may leave it out, and commit and rollback cannot name it: then the transaction's own stands. */
  readonly database: string | undefined;
}

interface Transaction {
  readonly client: PoolClient;
  readonly owner: TransactionOwner;
  readonly lifetime: NodeJS.Timeout;
  readonly idle: NodeJS.Timeout;
  readonly onBroken: () => void;
  isBusy: boolean;
  /** Its lifetime is over, and a call still runs in it. */
  isDoomed: boolean;
}

// Aurora's ids are this long; callers must not store them in anything smaller.
const ID_BYTES = 138;
const REMEMBERED = 10_000;

// Source: Aurora User Guide, "Troubleshooting Amazon RDS Data API".
const EXPIRED = 'Transaction may be expired.';
const ENDED = 'One previous call resulted in a termination of your transaction.';
const ABORTED = 'Transaction has been aborted due to an error from a previous call.';
type Ending = typeof EXPIRED | typeof ENDED | typeof ABORTED;

export class Transactions {
  readonly #open = new Map<string, Transaction>();
  readonly #ended = new Map<string, Ending>();
  readonly #limits: DataApiLimits;

  constructor(limits: DataApiLimits) {
    this.#limits = limits;
  }

  /** @param client a connection in which BEGIN was done; it belongs to the transaction now. */
  add(client: PoolClient, owner: TransactionOwner): string {
    const id = randomBytes(ID_BYTES).toString('base64');
    const lifetime = setTimeout(() => this.#outlive(id), this.#limits.transactionLifetimeMs).unref();
    const idle = setTimeout(() => this.#idleOut(id), this.#limits.transactionIdleMs).unref();
    // The server is gone, or cut this connection off: the transaction went with it.
    const onBroken = (): void => this.#end(id, ABORTED, false);
    client.once('error', onBroken);
    this.#open.set(id, { client, owner, lifetime, idle, onBroken, isBusy: false, isDoomed: false });
    return id;
  }

  /**
   * Uses the transaction's connection; `use` rejecting leaves the transaction open, as PostgreSQL does.
   * @throws ServiceError TransactionNotFoundException; DatabaseErrorException while another call runs in it;
   *   BadRequestException when the secret or the database is another.
   */
  async use<T>(id: string, caller: TransactionOwner, use: (client: PoolClient) => Promise<T>): Promise<T> {
    const transaction = this.#find(id, caller);
    transaction.isBusy = true;
    try {
      return await use(transaction.client);
    } finally {
      transaction.isBusy = false;
      transaction.idle.refresh();
      if (transaction.isDoomed) this.#end(id, EXPIRED, false);
    }
  }

  /** Ends the transaction, by the COMMIT or ROLLBACK that is done in `use`. */
  finish<T>(id: string, caller: TransactionOwner, use: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.use(id, caller, async (client) => {
      let isClean = false;
      try {
        const result = await use(client);
        isClean = true;
        return result;
      } finally {
        this.#end(id, ENDED, isClean);
      }
    });
  }

  /** Rolls back all that are open, by closing their connections. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#end(id, EXPIRED, false);
  }

  #find(id: string, caller: TransactionOwner): Transaction {
    const transaction = this.#open.get(id);
    if (transaction === undefined) {
      const reason = this.#ended.get(id) ?? EXPIRED;
      throw new ServiceError('TransactionNotFoundException', `Transaction ${id} is not found. ${reason}`, 404);
    }
    if (transaction.isBusy) throw new ServiceError('DatabaseErrorException', 'Transaction is still running a query');
    const { username, database } = transaction.owner;
    if (username !== caller.username || (caller.database !== undefined && database !== caller.database)) {
      throw new ServiceError('BadRequestException', 'Database name or secret is not the same as of the transaction');
    }
    return transaction;
  }

  #idleOut(id: string): void {
    // A call that is under way re-arms the timer when it ends.
    if (this.#open.get(id)?.isBusy === false) this.#end(id, EXPIRED, false);
  }

  #outlive(id: string): void {
    const transaction = this.#open.get(id);
    if (transaction === undefined) return;
    // While a statement runs its connection cannot be taken away: it ends with that statement.
    if (transaction.isBusy) transaction.isDoomed = true;
    else this.#end(id, EXPIRED, false);
  }

  #end(id: string, reason: Ending, isClean: boolean): void {
    const transaction = this.#open.get(id);
    if (transaction === undefined) return;
    this.#open.delete(id);
    clearTimeout(transaction.lifetime);
    clearTimeout(transaction.idle);
    transaction.client.removeListener('error', transaction.onBroken);
    if (this.#ended.size >= REMEMBERED) this.#ended.clear();
    this.#ended.set(id, reason);
    giveBack(transaction.client, isClean);
  }
}
