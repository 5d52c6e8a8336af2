import { randomBytes } from 'node:crypto';
import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { createDatabase, createRdsDataClient } from '../adapters/database/database.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { apiHandler, type Operation } from '../adapters/http-in/api-handler.ts';
import { readTargetPolicy } from '../adapters/http-out/target-policy.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createKeyring, createKmsClient } from '../adapters/secrets/keyring.ts';
import { changeWebhook } from './change-webhook.ts';
import { createWebhook } from './create-webhook.ts';
import { listWebhooks, readWebhook } from './read-webhooks.ts';
import { removeWebhook } from './remove-webhook.ts';
import type { WebhooksContext } from './webhooks-context.ts';

const environment = readEnvironment([
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'KEY_ARN',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const database = createDatabase({
  client: createRdsDataClient(),
  clusterArn: environment.DATABASE_CLUSTER_ARN,
  secretArn: environment.DATABASE_SECRET_ARN,
  databaseName: environment.DATABASE_NAME,
});
const context: WebhooksContext = {
  database,
  keyring: createKeyring({
    client: createKmsClient(),
    keyArn: environment.KEY_ARN,
    keyCacheMs: settings.keyCacheSeconds * 1000,
    database,
  }),
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  targets: readTargetPolicy(),
  now: Date.now,
  randomBytes,
};

const on =
  (operation: (context: WebhooksContext, ...args: Parameters<Operation>) => ReturnType<Operation>): Operation =>
  (request) =>
    operation(context, request);

export const handler = apiHandler({
  routes: {
    'POST /v1/webhooks': on(createWebhook),
    'GET /v1/webhooks': on(listWebhooks),
    'GET /v1/webhooks/{id}': on(readWebhook),
    'PUT /v1/webhooks/{id}': on(changeWebhook),
    'DELETE /v1/webhooks/{id}': on(removeWebhook),
  },
  accountClaim: settings.accountClaim,
  log: createLog({ source: 'Webhooks' }),
  metrics: createMetrics({ stage: settings.stage }),
  now: Date.now,
});
