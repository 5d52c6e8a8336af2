/** Short forms of Data API calls as the owner, for tests. */
import {
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  type ExecuteStatementCommandOutput,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import type { TestDatabase } from './database.ts';

export interface Caller {
  readonly target: { readonly resourceArn: string; readonly secretArn: string; readonly database: string };
  execute(sql: string, input?: Partial<ExecuteStatementCommandInput>): Promise<ExecuteStatementCommandOutput>;
  /** The first field of the first record. */
  one(sql: string, parameters?: SqlParameter[]): Promise<unknown>;
  /** What a failing call says: `<name>: <message>`, or `succeeded`. */
  failure(sql: string, input?: Partial<ExecuteStatementCommandInput>): Promise<string>;
}

/** @param secretArn @default the owner's */
export function callerOf(database: TestDatabase, secretArn = database.ownerSecretArn): Caller {
  const client = database.client({ maxAttempts: 1 });
  const target = { resourceArn: database.clusterArn, secretArn, database: database.database };
  const execute: Caller['execute'] = (sql, input = {}) =>
    client.send(new ExecuteStatementCommand({ ...target, sql, ...input }));
  return {
    target,
    execute,
    one: async (sql, parameters = []) => (await execute(sql, { parameters })).records?.[0]?.[0],
    failure: (sql, input = {}) => failureOf(execute(sql, input)),
  };
}

export async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'succeeded';
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
