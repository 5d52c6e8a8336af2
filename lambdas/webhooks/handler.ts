import { randomBytes } from 'node:crypto';
import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { apiHandler } from '../adapters/http-in/api-handler.ts';
import { readTargetPolicy } from '../adapters/http-out/target-policy.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createKeyring, createKmsClient } from '../adapters/secrets/keyring.ts';
import { webhookRoutes } from './webhook-routes.ts';

const environment = readEnvironment([
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'KEY_ARN',
  'CONTROL_BUCKET',
]);
const settings = readSettings();
const database = databaseOf(environment);

export const handler = apiHandler({
  routes: webhookRoutes({
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
  }),
  accountClaim: settings.accountClaim,
  log: createLog({ source: 'Webhooks' }),
  metrics: createMetrics({ stage: settings.stage }),
  now: Date.now,
});
