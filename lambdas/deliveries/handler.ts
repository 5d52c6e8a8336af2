import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { createDatabase, createRdsDataClient } from '../adapters/database/database.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { apiHandler, type Operation } from '../adapters/http-in/api-handler.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createQueues, createSqsClient } from '../adapters/queues/queues.ts';
import type { DeliveriesContext } from './deliveries-context.ts';
import { listAllDeliveries, listDeadLetters, listDeliveries } from './list-deliveries.ts';
import { readDelivery } from './read-delivery.ts';
import { retryDelivery } from './retry-delivery.ts';

const environment = readEnvironment([
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'RETRIES_QUEUE_URL',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const context: DeliveriesContext = {
  database: createDatabase({
    client: createRdsDataClient(),
    clusterArn: environment.DATABASE_CLUSTER_ARN,
    secretArn: environment.DATABASE_SECRET_ARN,
    databaseName: environment.DATABASE_NAME,
  }),
  queues: createQueues({ client: createSqsClient() }),
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  retriesQueueUrl: environment.RETRIES_QUEUE_URL,
  openTtlSeconds: settings.openTtlSeconds,
  now: Date.now,
};

const on =
  (operation: (context: DeliveriesContext, ...args: Parameters<Operation>) => ReturnType<Operation>): Operation =>
  (request) =>
    operation(context, request);

export const handler = apiHandler({
  routes: {
    'GET /v1/deliveries': on(listDeliveries),
    'GET /v1/deliveries/{id}': on(readDelivery),
    'POST /v1/deliveries/{id}/retry': on(retryDelivery),
    'GET /admin/webhooks/deliveries': on(listAllDeliveries),
    'GET /admin/dead-letters': on(listDeadLetters),
  },
  accountClaim: settings.accountClaim,
  log: createLog({ source: 'Deliveries' }),
  metrics: createMetrics({ stage: settings.stage }),
  now: Date.now,
});
