import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import type { Queues } from '../adapters/queues/queues.ts';

/** What the operations on deliveries work with. */
export interface DeliveriesContext {
  readonly database: Database;
  readonly queues: Queues;
  readonly controlBucket: ControlBucket;
  readonly retriesQueueUrl: string;
  readonly openTtlSeconds: number;
  readonly now: () => number;
}

/**
 * How long an API call waits for a database that wakes from its pause (about 15 s): what the function's 29 s leave after
 * the call's own statements.
 */
export const RESUME_WAIT = { resumeWaitMs: 20_000 } as const;
