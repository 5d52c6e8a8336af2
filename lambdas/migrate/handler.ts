import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import { createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { readEnvironment } from '../adapters/environment/environment.ts';
import { createLog } from '../adapters/log/log.ts';
import { clientOptions } from '../adapters/sdk/client-options.ts';
import { BUNDLE } from './bundle.ts';
import { DATA_API_REQUEST_TIMEOUT_MS, DataApiDatabase } from './data-api-database.ts';
import { type CustomResourceEvent, onEvent } from './on-event.ts';
import { writeSchemaState } from './schema-state.ts';
import { readServicePassword } from './service-secret.ts';

const environment = readEnvironment([
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'SERVICE_SECRET_ARN',
  'CONTROL_BUCKET',
]);
const log = createLog({ source: 'Migrate' });

const oneAttempt = { maxAttempts: 1, maxSockets: 1, requestTimeoutMs: DATA_API_REQUEST_TIMEOUT_MS };
const repeatable = { maxAttempts: 3, maxSockets: 1, requestTimeoutMs: 5_000 };
const dataApi = new RDSDataClient(clientOptions(oneAttempt));
const secrets = new SecretsManagerClient(clientOptions(repeatable));
const objects = createS3Client();

export const handler = (event: CustomResourceEvent, context: Pick<Context, 'getRemainingTimeInMillis'>) =>
  onEvent(
    {
      bundle: BUNDLE,
      database: (time) =>
        new DataApiDatabase({
          client: dataApi,
          clusterArn: environment.DATABASE_CLUSTER_ARN,
          secretArn: environment.DATABASE_SECRET_ARN,
          database: environment.DATABASE_NAME,
          time,
        }),
      readServicePassword: () => readServicePassword(secrets, environment.SERVICE_SECRET_ARN),
      writeState: (state) => writeSchemaState(objects, environment.CONTROL_BUCKET, state),
      log: (level, what, fields) => log[level](what, fields),
    },
    event,
    context.getRemainingTimeInMillis(),
  );
