import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import type { Sender } from '../adapters/http-out/sender.ts';
import type { Log } from '../adapters/log/log.ts';
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { Queues } from '../adapters/queues/queues.ts';
import type { Keyring } from '../adapters/secrets/keyring.ts';
import type { Settings } from '../domain/configuration/settings.ts';

export type DeliverSettings = Pick<
  Settings,
  | 'retryScheduleSeconds'
  | 'deliveryTimeoutSeconds'
  | 'callbackTimeoutSeconds'
  | 'openTtlSeconds'
  | 'inFlightLimit'
  | 'configCacheSeconds'
>;

export interface DeliverContext {
  readonly database: Database;
  readonly queues: Queues;
  readonly controlBucket: ControlBucket;
  readonly keyring: Keyring;
  readonly sender: Sender;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: DeliverSettings;
  readonly retriesQueueUrl: string;
  readonly deadLettersQueueUrl: string;
  readonly now: () => number;
  readonly newToken: () => string;
  /** In [0, 1). */
  readonly random: () => number;
}
