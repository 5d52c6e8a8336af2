/** Bodies of the Data API's requests, checked as far as the service itself checks them. */
import { ServiceError } from '../services/service.ts';
import type { DataApiLimits } from './limits.ts';
import type { SqlParameter } from './parameter-binding.ts';
import type { ResultOptions } from './result-types.ts';

/** What all operations share; the others are there for those that take them. */
export interface RequestBody {
  readonly resourceArn: string;
  readonly secretArn: string;
  readonly database?: string;
  readonly schema?: string;
  readonly transactionId?: string;
  readonly sql?: string;
  readonly parameters?: readonly SqlParameter[];
  readonly parameterSets?: readonly (readonly SqlParameter[])[];
  readonly includeResultMetadata?: boolean;
  readonly continueAfterTimeout?: boolean;
  readonly resultSetOptions?: ResultOptions;
  readonly formatRecordsAs?: string;
}

/**
 * @throws ServiceError RequestEntityTooLargeException (413), SerializationException, ValidationException
 * Source: Aurora User Guide, "Data API quotas" (request body) and "Schema parameter behavior".
 */
export function parseRequestBody(body: Buffer, limits: DataApiLimits): RequestBody {
  if (body.length > limits.requestBytes) {
    throw new ServiceError('RequestEntityTooLargeException', 'Request Entity Too Large', 413);
  }
  const parsed = parseJson(body);
  for (const name of ['resourceArn', 'secretArn'] as const) requireText(parsed, name);
  if (parsed.schema !== undefined) throw invalid("The schema parameter isn't supported");
  return parsed as unknown as RequestBody;
}

/** @throws ServiceError ValidationException when `sql` is missing or longer than 65,536 characters. */
export function sqlOf(body: RequestBody, limits: DataApiLimits): string {
  const { sql } = body;
  if (typeof sql !== 'string') throw missing('sql');
  if (sql.length > limits.sqlCharacters) {
    throw invalid(
      `Value at 'sql' failed to satisfy constraint: Member must have length less than or equal to ${limits.sqlCharacters}`,
    );
  }
  return sql;
}

/** @throws ServiceError ValidationException when it is missing. */
export function transactionIdOf(body: RequestBody): string {
  if (typeof body.transactionId !== 'string') throw missing('transactionId');
  return body.transactionId;
}

function parseJson(body: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (isRecord(parsed)) return parsed;
  } catch (error) {
    throw new ServiceError('SerializationException', error instanceof Error ? error.message : String(error));
  }
  throw new ServiceError('SerializationException', 'the body is not a JSON object');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function requireText(body: Record<string, unknown>, name: string): void {
  if (typeof body[name] !== 'string') throw missing(name);
}

function missing(name: string): ServiceError {
  return invalid(`Value null at '${name}' failed to satisfy constraint: Member must not be null`);
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}
