import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { createDatabase, createRdsDataClient } from '../adapters/database/database.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { createLog } from '../adapters/log/log.ts';
import { type DailyContext, type DailyResult, keepPartitions } from './keep-partitions.ts';

const environment = readEnvironment([
  'SETTINGS',
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'CONTROL_BUCKET',
]);
/** A statement of DDL is waited for; the function itself ends after five minutes. */
const STATEMENT_TIMEOUT_MS = 120_000;

const context: DailyContext = {
  database: createDatabase({
    clusterArn: environment.DATABASE_CLUSTER_ARN,
    secretArn: environment.DATABASE_SECRET_ARN,
    databaseName: environment.DATABASE_NAME,
    client: createRdsDataClient(STATEMENT_TIMEOUT_MS),
  }),
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  log: createLog({ source: 'Daily' }),
  terminalRetentionDays: readSettings().terminalRetentionDays,
  now: Date.now,
};

export const handler = (): Promise<DailyResult> => keepPartitions(context);
