/** The answer to ExecuteStatement, put together as text: its rows are JSON already. */
import type { PoolClient } from 'pg';
import { ServiceError } from '../services/service.ts';
import { columnMetadata } from './column-metadata.ts';
import type { DataApiLimits } from './limits.ts';
import type { StatementResult } from './statement.ts';

export interface ResponseBodyProps {
  readonly result: StatementResult;
  readonly isFormatted: boolean;
  readonly hasMetadata: boolean;
  readonly limits: DataApiLimits;
}

const COUNTED = /^(?:INSERT \d+|UPDATE|DELETE|MERGE) (\d+)$/;

/**
 * @throws ServiceError DatabaseErrorException when formattedRecords exceeds 10 MB.
 * Source: API reference, ExecuteStatementResponse (`records` and `columnMetadata` are blank with formatRecordsAs JSON).
 */
export function executeResponseBody({ result, isFormatted, hasMetadata, limits }: ResponseBodyProps): string {
  const isResultSet = result.columns.length > 0;
  const updated = isResultSet ? 0 : Number(COUNTED.exec(result.commandTag)?.[1] ?? 0);
  const head = `{"generatedFields":[],"numberOfRecordsUpdated":${updated}`;
  if (!isResultSet) return `${head}}`;
  if (isFormatted) return `${head},"formattedRecords":${formattedRecords(result.rows, limits)}}`;
  const metadata = hasMetadata ? `,"columnMetadata":${metadataJson(result)}` : '';
  return `${head},"records":${result.rows}${metadata}}`;
}

/**
 * Enums, inet, ranges, intervals, void and the like must be cast to text in SQL.
 * @throws ServiceError UnsupportedResultException, naming the type
 * Source: Aurora User Guide, "Comparing Amazon RDS Data API behaviors", ExecuteStatement behavior.
 */
export async function refuseUnsupportedTypes(result: StatementResult, client: PoolClient): Promise<void> {
  const index = result.types.indexOf(undefined);
  if (index < 0) return;
  const oid = result.columns[index]?.dataTypeID;
  const found = await client.query<{ typname: string }>('SELECT typname FROM pg_catalog.pg_type WHERE oid = $1', [oid]);
  const name = (found.rows[0]?.typname ?? String(oid)).toUpperCase();
  throw new ServiceError('UnsupportedResultException', `The result contains the unsupported data type ${name}.`);
}

function formattedRecords(rows: string, limits: DataApiLimits): string {
  if (Buffer.byteLength(rows) > limits.formattedRecordsBytes) {
    throw new ServiceError('DatabaseErrorException', 'The formatted result exceeds the size limit 10 MB.');
  }
  return JSON.stringify(rows);
}

function metadataJson({ columns, types }: StatementResult): string {
  return JSON.stringify(
    columns.flatMap((column, index) => {
      const type = types[index];
      return type === undefined ? [] : [columnMetadata(column, type)];
    }),
  );
}
