/** S3 on the wire, path style: `/<bucket>/<key>`. Source: Amazon S3 API Reference. */
import { type LocalService, ServiceError, type ServiceRequest, type ServiceResponse } from '../services/service.ts';
import { errorResponse, notImplemented } from './object-error.ts';
import type { ObjectStore } from './object-store.ts';
import { deleteObjects, listObjects } from './s3-bucket-operations.ts';
import type { S3Call } from './s3-call.ts';
import { deleteObject, getObject, headObject, putObject } from './s3-object-operations.ts';

export interface S3ServiceProps {
  readonly store: ObjectStore;
}

type Operation = (call: S3Call) => ServiceResponse | Promise<ServiceResponse>;

const OF_OBJECT: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['PUT', putObject],
  ['GET', getObject],
  ['HEAD', headObject],
  ['DELETE', deleteObject],
]);

// What a query parameter turns into another operation (multipart uploads, tags, ACLs, versions, …).
const PLAIN_PARAMETERS = new Set(['x-id', 'list-type', 'delete', 'prefix', 'start-after', 'max-keys', 'delimiter']);
const LIST_PARAMETERS = new Set(['continuation-token', 'encoding-type', 'fetch-owner']);

export class S3Service implements LocalService {
  readonly name = 's3';
  readonly #store: ObjectStore;

  constructor({ store }: S3ServiceProps) {
    this.#store = store;
  }

  async handle(request: ServiceRequest): Promise<ServiceResponse> {
    try {
      const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(request.path) ?? [];
      const call = { store: this.#store, request, bucket, key: decodeKey(key) };
      return await operationOf(call)(call);
    } catch (error) {
      if (error instanceof ServiceError) return this.writeError(error);
      throw error;
    }
  }

  writeError(error: ServiceError): ServiceResponse {
    return errorResponse(error);
  }
}

function operationOf({ request, key }: S3Call): Operation {
  const { method, query, headers } = request;
  const other = [...query.keys()].find((name) => !PLAIN_PARAMETERS.has(name) && !LIST_PARAMETERS.has(name));
  if (other !== undefined || headers['x-amz-copy-source'] !== undefined) {
    throw notImplemented(`${method} with ${other ?? 'x-amz-copy-source'}`);
  }
  if (key !== '') return OF_OBJECT.get(method) ?? refuse;
  if (method === 'POST' && query.has('delete')) return deleteObjects;
  if (method === 'GET' && query.get('list-type') === '2') return listObjects;
  return refuse;
}

function refuse({ request }: S3Call): never {
  throw notImplemented(`${request.method} ${request.path}`);
}

function decodeKey(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    const error = new ServiceError('InvalidURI', 'Could not parse the specified URI.', 400);
    error.cause = cause;
    throw error;
  }
}
