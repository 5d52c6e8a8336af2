/** What a dead worker leaves behind is put right at once; on AWS the visibility timeout and the lease's end would do it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Mappings } from '../mappings/mappings.ts';
import type { QueueStore } from '../queues/queue-store.ts';
import { expireLeases, leaseHoldersOf } from './leases.ts';

export interface RecoveryProps {
  readonly mappings: Mappings;
  readonly queues: QueueStore;
  readonly databaseUrl: string;
  readonly say: (line: string) => void;
}

export interface Recovery {
  /** Call it in the turn of the death: the function's pollers must not go on meanwhile. */
  afterDeathOf(logicalId: string): void;
}

// A message that kills its worker would otherwise be handed out again in a tight loop.
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
const FORGET_AFTER_MS = 60_000;

export function createRecovery(props: RecoveryProps): Recovery {
  const deaths = new Map<string, { count: number; atMs: number }>();
  const countDeath = (logicalId: string): number => {
    const last = deaths.get(logicalId);
    const isRecent = last !== undefined && Date.now() - last.atMs < FORGET_AFTER_MS;
    const count = isRecent ? last.count + 1 : 1;
    deaths.set(logicalId, { count, atMs: Date.now() });
    return count;
  };
  return {
    afterDeathOf(logicalId) {
      const count = countDeath(logicalId);
      const waitMs = count === 1 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - 2));
      props.say(`the worker of ${logicalId} died${waitMs === 0 ? '' : `, its queues wait ${waitMs} ms`}`);
      props.mappings
        .pauseWhile(logicalId, async () => {
          await delay(waitMs);
          await release(props, logicalId);
        })
        .catch((error: unknown) => props.say(`recovery of ${logicalId} failed: ${String(error)}`));
    },
  };
}

/** Leases first: a message that is visible while its row is still leased would be put off. */
async function release({ mappings, queues, databaseUrl }: RecoveryProps, logicalId: string): Promise<void> {
  const holders = leaseHoldersOf(logicalId);
  // A lease that ends early lets a second copy of a message claim its row, so from now on the first one claims it too.
  if (holders.length > 0) {
    await queues.distrustFirstReceives();
    await expireLeases(databaseUrl, holders);
  }
  for (const { definition } of mappings.all()) {
    if (definition.functionId === logicalId) await queues.releaseHeldBy(definition.uuid);
  }
}
