import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientOptions } from '../lambdas/adapters/sdk/client-options.ts';
import type { MigrationBundle } from '../lambdas/domain/migrations/bundle.ts';
import { DATA_API_REQUEST_TIMEOUT_MS, DataApiDatabase } from '../lambdas/migrate/data-api-database.ts';
import type { MigrationSession } from '../lambdas/migrate/locked-transaction.ts';
import { runTime } from '../lambdas/migrate/run-time.ts';
import { writeSchemaState } from '../lambdas/migrate/schema-state.ts';
import { readServicePassword } from '../lambdas/migrate/service-secret.ts';
import { buildMigrations } from '../scripts/build-migrations.ts';
import { outputOf, type Target } from './target.ts';

/** What the migration commands need of a target; the same modules run in the Migrate function. */
export interface MigrationConnection {
  readonly session: MigrationSession;
  /** Of this checkout. */
  readonly bundle: MigrationBundle;
  readServicePassword(): Promise<string>;
  /** Tells `/ready` the version in force. */
  writeState(version: string | null): Promise<void>;
  close(): void;
}

/** Long enough for a cluster that wakes after a day, and for an index on a large table. */
const BUDGET_MS = 15 * 60_000;

export async function connectMigrations(
  target: Target,
  onRetry: MigrationSession['onRetry'],
): Promise<MigrationConnection> {
  await buildMigrations();
  const { BUNDLE } = await import('../lambdas/migrate/bundle.ts');
  const oneAttempt = clientOptions({ maxAttempts: 1, maxSockets: 1, requestTimeoutMs: DATA_API_REQUEST_TIMEOUT_MS });
  const dataApi = new RDSDataClient({ ...oneAttempt, ...target.client('rdsData') });
  const secrets = new SecretsManagerClient({ ...target.client('secretsManager') });
  const objects = new S3Client({ ...target.client('s3'), forcePathStyle: true });
  const time = runTime(BUDGET_MS);
  const database = new DataApiDatabase({
    client: dataApi,
    clusterArn: outputOf(target, 'ClusterArn'),
    secretArn: outputOf(target, 'OwnerSecretArn'),
    database: outputOf(target, 'DatabaseName'),
    time,
  });
  return {
    session: { database, time, onRetry },
    bundle: BUNDLE,
    readServicePassword: () => readServicePassword(secrets, outputOf(target, 'ServiceSecretArn')),
    writeState: (version) =>
      writeSchemaState(objects, outputOf(target, 'ControlBucketName'), {
        version,
        migratedAt: new Date().toISOString(),
      }),
    close: () => {
      for (const client of [dataApi, secrets, objects]) client.destroy();
    },
  };
}
