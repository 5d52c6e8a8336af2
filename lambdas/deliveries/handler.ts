import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { apiHandler } from '../adapters/http-in/api-handler.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createQueues, createSqsClient } from '../adapters/queues/queues.ts';
import { deliveryRoutes } from './delivery-routes.ts';

const environment = readEnvironment([
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'RETRIES_QUEUE_URL',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const log = createLog({ source: 'Deliveries' });

export const handler = apiHandler({
  routes: deliveryRoutes({
    database: databaseOf(environment),
    queues: createQueues({ client: createSqsClient() }),
    controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
    log,
    retriesQueueUrl: environment.RETRIES_QUEUE_URL,
    openTtlSeconds: settings.openTtlSeconds,
    now: Date.now,
  }),
  accountClaim: settings.accountClaim,
  log,
  metrics: createMetrics({ stage: settings.stage }),
  now: Date.now,
});
