import { createDatabase, createRdsDataClient, type Database } from './database.ts';

/** The variables that name a database, as `readEnvironment` gives them. */
export interface DatabaseEnvironment {
  readonly DATABASE_CLUSTER_ARN: string;
  readonly DATABASE_SECRET_ARN: string;
  readonly DATABASE_NAME: string;
}

/**
 * The function's own database.
 * @param requestTimeoutMs above what its longest statement may take.
 * @default that of a hot statement, see `createRdsDataClient`
 */
export function databaseOf(environment: DatabaseEnvironment, requestTimeoutMs?: number): Database {
  return createDatabase({
    clusterArn: environment.DATABASE_CLUSTER_ARN,
    secretArn: environment.DATABASE_SECRET_ARN,
    databaseName: environment.DATABASE_NAME,
    client: createRdsDataClient(requestTimeoutMs),
  });
}
