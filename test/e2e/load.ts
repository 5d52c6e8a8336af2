/** A producer that goes on whatever happens to the engine, and remembers what it was promised. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Receiver } from '../support/receivers/receiver.ts';
import { Account } from './account.ts';

export interface Load {
  /** Ids of the events that were answered 202. */
  readonly accepted: ReadonlySet<string>;
  /** Requests that failed, or were refused: not promised. */
  readonly refused: () => number;
  /** Where the engine is from now on. */
  aim(engine: { readonly url: string }): Promise<void>;
  /** Publishes no further events, and waits for those under way. */
  stop(): Promise<void>;
}

const PRODUCERS = 6;

export async function startLoad(engine: { readonly url: string }, accountId: string): Promise<Load> {
  const accepted = new Set<string>();
  let account = await Account.login(engine, accountId);
  let refused = 0;
  let last = 0;
  let isOver = false;
  const produce = async (): Promise<void> => {
    while (!isOver) {
      const eventId = `event-${++last}`;
      const status = await account
        .request('POST', '/v1/events', { eventId, type: 'order.paid', data: { n: last } })
        .then((answer) => answer.status)
        // Killed while it answered: neither a promise nor a refusal.
        .catch(() => 0);
      if (status === 202) accepted.add(eventId);
      else refused += 1;
      // A dead engine refuses thousands of connections a second.
      if (status !== 202) await delay(20);
    }
  };
  const producers = Promise.all(Array.from({ length: PRODUCERS }, produce));
  return {
    accepted,
    refused: () => refused,
    aim: async (next) => {
      account = await Account.login(next, accountId);
    },
    stop: async () => {
      isOver = true;
      await producers;
    },
  };
}

/** How often each event arrived, by its id. */
export function arrivals({ requests }: Receiver): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { body } of requests) {
    const { id } = JSON.parse(body.toString('utf8')) as { id: string };
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Accepted events that have not arrived. */
export function missing({ accepted }: Load, receiver: Receiver): string[] {
  const arrived = arrivals(receiver);
  return [...accepted].filter((id) => !arrived.has(id));
}

/** Requests beyond the first of each event: at-least-once delivery pays for kills with these. */
export function doubled(receiver: Receiver): number {
  return receiver.requests.length - arrivals(receiver).size;
}
