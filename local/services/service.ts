/**
 * What every local stand-in for an AWS service implements. One HTTP server (`local/services/server.ts`) owns the
 * socket, reads the body, names the caller, applies faults, and writes the answer; a service only maps one request to
 * one response. Services are reached at `http://127.0.0.1:<port>/<name>/…`, so that one port serves them all.
 */
export type ServiceName =
  | 'sqs'
  | 'events'
  | 'kms'
  | 's3'
  | 'secretsmanager'
  | 'lambda'
  | 'rds'
  | 'rds-data'
  | 'cloudformation';

export interface ServiceRequest {
  readonly method: string;
  /** Path after `/<name>`, raw (percent-encoded), always starting with a slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Access key id of the caller: the logical id of a function, or `operator` (tests, the CLI) that may do anything. */
  readonly principal: string;
  /**
   * Checks the caller's role.
   * @param conditions values of condition keys that this call carries, in lower case: `{ 's3:prefix': 'due/' }`.
   * @throws ServiceError AccessDenied (403) when no statement of the role allows `action` on `resourceArn`.
   */
  authorize(action: string, resourceArn: string, conditions?: Readonly<Record<string, string>>): void;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface LocalService {
  readonly name: ServiceName;
  handle(request: ServiceRequest): Promise<ServiceResponse>;
  /** Writes an error in the service's own protocol. Absent: the JSON form that awsJson and restJson clients read. */
  writeError?(error: ServiceError): ServiceResponse;
}

/** A modelled AWS error; the service's own protocol decides how it is written (JSON or XML). */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.status = status;
  }
}

/** Account and region that every local ARN carries. */
export const LOCAL_ACCOUNT = '000000000000';
export const LOCAL_REGION = 'us-east-1';
