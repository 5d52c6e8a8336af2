import { randomUUID } from 'node:crypto';
import { sqsBatchHandler } from '../adapters/batch/sqs-batch.ts';
import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createQueues, createSqsClient } from '../adapters/queues/queues.ts';
import { type FanOutContext, fanOut } from './fan-out.ts';

const environment = readEnvironment([
  'SETTINGS',
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'DELIVERIES_QUEUE_URL',
  'RETRIES_QUEUE_URL',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const log = createLog({ source: 'FanOut' });
const queues = createQueues({ client: createSqsClient() });

const context: FanOutContext = {
  database: databaseOf(environment),
  queues,
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  log,
  metrics: createMetrics({ stage: settings.stage }),
  deliveriesQueueUrl: environment.DELIVERIES_QUEUE_URL,
  retriesQueueUrl: environment.RETRIES_QUEUE_URL,
  openTtlSeconds: settings.openTtlSeconds,
  now: Date.now,
  newToken: randomUUID,
};

export const handler = sqsBatchHandler({
  run: (records) => fanOut(context, records),
  onFault: (error) => log.error('batch_failed', { error }),
  queues,
});
