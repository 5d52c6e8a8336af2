import { sqsBatchHandler } from '../adapters/batch/sqs-batch.ts';
import { createBus, createEventBridgeClient } from '../adapters/bus/bus.ts';
import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createQueues, createSqsClient } from '../adapters/queues/queues.ts';
import { deadLetter } from './dead-letter.ts';
import type { DeadLetterContext } from './dead-letter-context.ts';

const environment = readEnvironment([
  'SETTINGS',
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'BUS_NAME',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const log = createLog({ source: 'DeadLetter' });

const context: DeadLetterContext = {
  database: databaseOf(environment),
  bus: createBus({ client: createEventBridgeClient(), busName: environment.BUS_NAME }),
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  log,
  metrics: createMetrics({ stage: settings.stage }),
  settings,
  now: Date.now,
};

export const handler = sqsBatchHandler({
  run: (records) => deadLetter(context, records),
  onFault: (error) => log.error('batch_failed', { error }),
  queues: createQueues({ client: createSqsClient() }),
});
