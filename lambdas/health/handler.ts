import { GetEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeDBClustersCommand, RDSClient } from '@aws-sdk/client-rds';
import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { apiHandler } from '../adapters/http-in/api-handler.ts';
import { createLog } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { clientOptions } from '../adapters/sdk/client-options.ts';
import { createAdminCheck } from './admin-token.ts';
import { readyOperation } from './ready.ts';
import { schemaVersionFrom } from './schema-state.ts';

const environment = readEnvironment([
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'CONTROL_BUCKET',
  'EVENT_SOURCE_MAPPING_IDS',
  'SCHEMA_HEAD',
  'JWT_ISSUER',
]);
const settings = readSettings();
const limits = clientOptions({ requestTimeoutMs: 3_000, maxAttempts: 2, maxSockets: 10 });
const lambda = new LambdaClient(limits);
const rds = new RDSClient(limits);
const controlBucket = createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET });

const ready = readyOperation({
  probes: {
    clusterStatus: async () => {
      const command = new DescribeDBClustersCommand({ DBClusterIdentifier: environment.DATABASE_CLUSTER_ARN });
      return (await rds.send(command)).DBClusters?.[0]?.Status ?? 'unknown';
    },
    schemaVersion: async () => schemaVersionFrom(await controlBucket.readText('state/schema.json')),
    mappingStates: () =>
      Promise.all(
        environment.EVENT_SOURCE_MAPPING_IDS.split(',').map(async (UUID) => {
          const { State } = await lambda.send(new GetEventSourceMappingCommand({ UUID }));
          return State ?? 'unknown';
        }),
      ),
    schemaHead: environment.SCHEMA_HEAD,
  },
  database: databaseOf(environment),
  requireAdmin: createAdminCheck({ issuer: environment.JWT_ISSUER, audience: settings.jwtAudience }),
  now: Date.now,
});

export const handler = apiHandler({
  routes: {
    'GET /health': async () => ({ status: 200, body: { status: 'ok' } }),
    'GET /ready': ready,
  },
  accountClaim: settings.accountClaim,
  log: createLog({ source: 'Health' }),
  metrics: createMetrics({ stage: settings.stage }),
  now: Date.now,
});
