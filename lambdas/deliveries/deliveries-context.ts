import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import type { Log } from '../adapters/log/log.ts';
import type { Queues } from '../adapters/queues/queues.ts';

/** What the operations on deliveries work with. */
export interface DeliveriesContext {
  readonly database: Database;
  readonly queues: Queues;
  readonly controlBucket: ControlBucket;
  readonly log: Log;
  readonly retriesQueueUrl: string;
  readonly openTtlSeconds: number;
  readonly now: () => number;
}
