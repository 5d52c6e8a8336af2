import { randomUUID } from 'node:crypto';
import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createQueues, createSqsClient } from '../adapters/queues/queues.ts';
import { sweep } from './sweep.ts';
import type { SweepContext } from './sweep-context.ts';

/** At most so many are enqueued a minute, so that a backlog does not become a flood. Source: design section 1. */
const LIMIT = 1_000;

const environment = readEnvironment([
  'SETTINGS',
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'RETRIES_QUEUE_URL',
  'DEAD_LETTERS_QUEUE_URL',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const log = createLog({ source: 'Sweeper' });

const context: SweepContext = {
  database: databaseOf(environment, 30_000),
  queues: createQueues({ client: createSqsClient() }),
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  log,
  metrics: createMetrics({ stage: settings.stage }),
  settings,
  retriesQueueUrl: environment.RETRIES_QUEUE_URL,
  deadLettersQueueUrl: environment.DEAD_LETTERS_QUEUE_URL,
  now: Date.now,
  newToken: randomUUID,
  limit: LIMIT,
};

export const handler = async (): Promise<void> => {
  try {
    await sweep(context);
  } catch (error) {
    log.error('sweep_failed', { error });
    throw error;
  }
};
