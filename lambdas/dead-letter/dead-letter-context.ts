import type { Bus } from '../adapters/bus/bus.ts';
import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import type { Log } from '../adapters/log/log.ts';
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { Settings } from '../domain/configuration/settings.ts';

export interface DeadLetterContext {
  readonly database: Database;
  readonly bus: Bus;
  readonly controlBucket: ControlBucket;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: Pick<Settings, 'openTtlSeconds' | 'callbackTimeoutSeconds'>;
  readonly now: () => number;
}
