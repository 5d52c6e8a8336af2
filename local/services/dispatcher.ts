/**
 * From a raw request to the answer of one service: names the caller, applies faults, writes errors. Knows no socket, so
 * that a caller in the same process can use it without one.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Authorizer } from './authorizer.ts';
import type { CallCounts } from './call-counts.ts';
import type { Faults } from './faults.ts';
import { jsonError } from './json-response.ts';
import { type LocalService, ServiceError, type ServiceRequest, type ServiceResponse } from './service.ts';

export interface RawRequest {
  readonly method: string;
  /** Path and query as on the request line: `/<service>/…?…`. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface DispatcherProps {
  readonly services: readonly LocalService[];
  readonly authorizer: Authorizer;
  readonly faults: Faults;
  /** @default nobody counts */
  readonly counts?: CallCounts | undefined;
  /** Told of what is no modelled error, before the caller gets InternalFailure. @default writes to stderr */
  readonly onUnexpected?: (error: unknown, request: RawRequest) => void;
}

export type Dispatch = (request: RawRequest) => Promise<ServiceResponse>;

interface Target {
  readonly service: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** @returns never rejects: every failure is an answer. */
export function createDispatcher(props: DispatcherProps): Dispatch {
  const services = new Map<string, LocalService>(props.services.map((service) => [service.name, service]));
  const onUnexpected = props.onUnexpected ?? ((error) => console.error(error));

  return async (raw) => {
    const target = parseTarget(raw.url);
    const service = services.get(target.service);
    if (service === undefined) {
      return withRequestId(jsonError(new ServiceError('UnknownEndpoint', `no service named ${target.service}`, 404)));
    }
    try {
      await meetFault(props.faults, service);
      const request = toServiceRequest(raw, target, props.authorizer);
      props.counts?.count(request.principal, operationOf(service, request));
      return withRequestId(await service.handle(request));
    } catch (error) {
      if (!(error instanceof ServiceError)) onUnexpected(error, raw);
      return withRequestId(writeError(service, toServiceError(error)));
    }
  };
}

/** Keys and ids, of which there is no end, are left out. */
function operationOf({ name }: LocalService, { method, path, headers }: ServiceRequest): string {
  const target = headers['x-amz-target'];
  const plain = name === 'rds-data' ? path : method;
  return `${name}:${target === undefined ? plain : target.slice(target.indexOf('.') + 1)}`;
}

function parseTarget(url: string): Target {
  const questionMark = url.indexOf('?');
  const wholePath = questionMark < 0 ? url : url.slice(0, questionMark);
  const slash = wholePath.indexOf('/', 1);
  return {
    service: slash < 0 ? wholePath.slice(1) : wholePath.slice(1, slash),
    path: slash < 0 ? '/' : wholePath.slice(slash),
    query: new URLSearchParams(questionMark < 0 ? '' : url.slice(questionMark + 1)),
  };
}

// A 503 rather than a broken socket: an outage behind AWS's front ends looks so, and SDK clients retry both alike.
async function meetFault(faults: Faults, service: LocalService): Promise<void> {
  const fault = faults.of(service.name);
  if (fault.mode === 'down') throw new ServiceError('ServiceUnavailable', `${service.name} is down (drill)`, 503);
  if (fault.mode === 'slow') await delay(fault.delayMs);
}

function toServiceRequest(raw: RawRequest, target: Target, authorizer: Authorizer): ServiceRequest {
  const principal = principalOf(raw.headers.authorization, target.query);
  return {
    method: raw.method,
    path: target.path,
    query: target.query,
    headers: raw.headers,
    body: raw.body,
    principal,
    authorize: (action, resourceArn, conditions) => authorizer(principal, action, resourceArn, conditions),
  };
}

/**
 * The access key id, from the Authorization header or a presigned URL. It is taken at its word: the SigV4 signature is
 * not verified, because every caller is a process of this machine and keys here only tell the functions apart.
 * @throws ServiceError MissingAuthenticationToken (403) on a request that nobody signed.
 */
function principalOf(authorization: string | undefined, query: URLSearchParams): string {
  const scope = authorization ?? `Credential=${query.get('X-Amz-Credential') ?? ''}`;
  const principal = /Credential=([^/,\s]+)\//.exec(scope)?.[1];
  if (principal === undefined) {
    throw new ServiceError('MissingAuthenticationToken', 'Missing Authentication Token', 403);
  }
  return principal;
}

function writeError(service: LocalService, error: ServiceError): ServiceResponse {
  return service.writeError?.(error) ?? jsonError(error);
}

function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError('InternalFailure', error instanceof Error ? error.message : String(error), 500);
}

function withRequestId(response: ServiceResponse): ServiceResponse {
  return { ...response, headers: { ...response.headers, 'x-amzn-requestid': randomUUID() } };
}
