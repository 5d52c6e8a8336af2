import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import type { Log } from '../adapters/log/log.ts';
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { Queues } from '../adapters/queues/queues.ts';
import type { Settings } from '../domain/configuration/settings.ts';

export interface SweepContext {
  readonly database: Database;
  readonly queues: Queues;
  readonly controlBucket: ControlBucket;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: Pick<Settings, 'openTtlSeconds' | 'holdRetentionDays'>;
  readonly retriesQueueUrl: string;
  readonly deadLettersQueueUrl: string;
  readonly now: () => number;
  readonly newToken: () => string;
  /** Rows enqueued in one sweep, in all. */
  readonly limit: number;
}

/** What one sweep takes as its moment; leases are 10 min. Source: design section 1. */
export interface Moment {
  readonly nowMs: number;
  readonly token: string;
  readonly claimedUntilMs: number;
}
