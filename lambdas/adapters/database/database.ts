import { setTimeout as wait } from 'node:timers/promises';
import { ExecuteStatementCommand, RDSDataClient, type SqlParameter } from '@aws-sdk/client-rds-data';
import type { z } from 'zod';
import { clientOptions } from '../sdk/client-options.ts';
import { type DatabaseFault, databaseFaultFrom, isBrokenConnection, isConflict } from './database-fault.ts';

/**
 * A statement and the shape of its rows. It returns one text column, a JSON object a row (`json_build_object(…)::text`):
 * that names the fields in our own words, needs no result metadata, and keeps to the Data API's basic types.
 * Parameters are named (`:events`); a text parameter is bound as text, so the SQL casts (`:id::uuid`, `:list::jsonb`).
 * No arrays: the Data API has none, a list goes in as one JSON text.
 */
export interface Statement<Row> {
  readonly sql: string;
  readonly row: z.ZodType<Row>;
  /** Whether running it twice leaves what running it once does: then it is repeated after a broken connection. */
  readonly isRepeatable: boolean;
}

/** A whole number is bound as int8, any other as float8, null without a type (so the SQL must cast it). */
export type StatementParameters = Readonly<Record<string, string | number | boolean | null>>;

export interface Database {
  /**
   * @returns the rows, parsed.
   * @throws DatabaseFault when there are none to be had.
   */
  query<Row>(statement: Statement<Row>, parameters: StatementParameters, options?: QueryOptions): Promise<Row[]>;
}

export interface QueryOptions {
  /**
   * How long to wait for a database that wakes from its pause (about 15 s, longer after a day). An API caller gives what
   * its deadline leaves; on a queue consumer (0, the default) the batch comes back instead.
   */
  readonly resumeWaitMs?: number;
  /** Lets a statement run on after the Data API's 45 s; for DDL. */
  readonly continueAfterTimeout?: boolean;
}

export interface DatabaseProps {
  readonly clusterArn: string;
  readonly secretArn: string;
  readonly databaseName: string;
  readonly client: RDSDataClient;
  readonly now?: () => number;
}

const CONFLICT_TRIES = 4;
const RESUME_FIRST_WAIT_MS = 500;
const RESUME_LONGEST_WAIT_MS = 4_000;

/**
 * The SDK repeats nothing here: it cannot know which statements may be repeated. The Data API ends a statement after
 * 45 s (AuroraUserGuide, data-api.limitations); a hot one takes milliseconds, so a silent call is given up at 15 s.
 */
export function createRdsDataClient(requestTimeoutMs = 15_000): RDSDataClient {
  return new RDSDataClient(clientOptions({ requestTimeoutMs, maxAttempts: 1, maxSockets: 20 }));
}

export function createDatabase(props: DatabaseProps): Database {
  const now = props.now ?? Date.now;
  return {
    query: async (statement, parameters, options = {}) => {
      const run = () => execute(props, statement.sql, toSqlParameters(parameters), options);
      const rows = await withRetries(run, {
        isRepeatable: statement.isRepeatable,
        until: now() + (options.resumeWaitMs ?? 0),
        now,
      });
      return rows.map((row) => statement.row.parse(JSON.parse(row)));
    },
  };
}

async function execute(
  { client, clusterArn, secretArn, databaseName }: DatabaseProps,
  sql: string,
  parameters: SqlParameter[],
  options: QueryOptions,
): Promise<string[]> {
  const command = new ExecuteStatementCommand({
    resourceArn: clusterArn,
    secretArn,
    database: databaseName,
    sql,
    parameters,
    ...(options.continueAfterTimeout ? { continueAfterTimeout: true } : {}),
  });
  try {
    const { records = [] } = await client.send(command);
    return records.flatMap(([column]) => (column?.stringValue === undefined ? [] : [column.stringValue]));
  } catch (error) {
    throw databaseFaultFrom(error);
  }
}

interface RetryProps {
  readonly isRepeatable: boolean;
  /** Unix ms until which a waking database is waited for. */
  readonly until: number;
  readonly now: () => number;
}

async function withRetries(run: () => Promise<string[]>, props: RetryProps): Promise<string[]> {
  let resumeWaitMs = RESUME_FIRST_WAIT_MS;
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      const fault = databaseFaultFrom(error);
      const waitMs = waitBeforeRetry(fault, { ...props, tries, resumeWaitMs });
      if (waitMs === undefined) throw fault;
      resumeWaitMs = Math.min(resumeWaitMs * 2, RESUME_LONGEST_WAIT_MS);
      await wait(waitMs);
    }
  }
}

/** Undefined: give up. Two statements that met in a deadlock must not meet again at once, hence the random wait. */
function waitBeforeRetry(
  fault: DatabaseFault,
  props: RetryProps & { readonly tries: number; readonly resumeWaitMs: number },
): number | undefined {
  if (isConflict(fault)) return props.tries < CONFLICT_TRIES ? Math.random() * 50 * props.tries : undefined;
  if (fault.code === 'RESUMING')
    return props.now() + props.resumeWaitMs <= props.until ? props.resumeWaitMs : undefined;
  return props.isRepeatable && props.tries === 1 && isBrokenConnection(fault) ? 0 : undefined;
}

function toSqlParameters(parameters: StatementParameters): SqlParameter[] {
  return Object.entries(parameters).map(([name, value]) => ({ name, value: field(value) }));
}

function field(value: string | number | boolean | null): NonNullable<SqlParameter['value']> {
  if (value === null) return { isNull: true };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { booleanValue: value };
  return Number.isSafeInteger(value) ? { longValue: value } : { doubleValue: value };
}
