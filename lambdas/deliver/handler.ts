import { randomUUID } from 'node:crypto';
import { sqsBatchHandler } from '../adapters/batch/sqs-batch.ts';
import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { createSender } from '../adapters/http-out/sender.ts';
import { readTargetPolicy } from '../adapters/http-out/target-policy.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createQueues, createSqsClient } from '../adapters/queues/queues.ts';
import { createKeyring, createKmsClient } from '../adapters/secrets/keyring.ts';
import { deliver } from './deliver.ts';
import type { DeliverContext } from './deliver-context.ts';

const environment = readEnvironment([
  'SETTINGS',
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'RETRIES_QUEUE_URL',
  'DEAD_LETTERS_QUEUE_URL',
  'KEY_ARN',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const log = createLog({ source: 'Deliver' });
const queues = createQueues({ client: createSqsClient() });

const context: DeliverContext = {
  database: databaseOf(environment),
  queues,
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  keyring: createKeyring({
    client: createKmsClient(),
    keyArn: environment.KEY_ARN,
    keyCacheMs: settings.keyCacheSeconds * 1000,
  }),
  sender: createSender({ policy: readTargetPolicy() }),
  log,
  metrics: createMetrics({ stage: settings.stage }),
  settings,
  retriesQueueUrl: environment.RETRIES_QUEUE_URL,
  deadLettersQueueUrl: environment.DEAD_LETTERS_QUEUE_URL,
  now: Date.now,
  newToken: randomUUID,
  random: Math.random,
};

export const handler = sqsBatchHandler({
  run: (records) => deliver(context, records),
  onFault: (error) => log.error('batch_failed', { error }),
  queues,
});
