import { createControlBucket, createS3Client } from '../adapters/control-bucket/control-bucket.ts';
import { databaseOf } from '../adapters/database/database-of-environment.ts';
import { readEnvironment, readSettings } from '../adapters/environment/environment.ts';
import { createLog } from '../adapters/log/log.ts';
import { type DailyContext, runDaily } from './daily.ts';

const environment = readEnvironment([
  'SETTINGS',
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'CONTROL_BUCKET',
]);

const context: DailyContext = {
  // Dropping partitions may wait for locks, two seconds each.
  database: databaseOf(environment, 60_000),
  controlBucket: createControlBucket({ client: createS3Client(), bucket: environment.CONTROL_BUCKET }),
  log: createLog({ source: 'Daily' }),
  settings: readSettings(),
  now: Date.now,
};

export const handler = (): Promise<void> => runDaily(context);
