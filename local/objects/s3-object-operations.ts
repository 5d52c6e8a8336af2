/** PutObject, GetObject, HeadObject, DeleteObject. */
import { ServiceError, type ServiceRequest, type ServiceResponse } from '../services/service.ts';
import { decodeAwsChunked } from './aws-chunked.ts';
import { checkChecksums } from './checksum.ts';
import { notImplemented, preconditionFailed } from './object-error.ts';
import type { ObjectHead } from './object-files.ts';
import { bucketArn, objectArn, type S3Call } from './s3-call.ts';

const METADATA_PREFIX = 'x-amz-meta-';

export async function putObject(call: S3Call): Promise<ServiceResponse> {
  const { request, store, bucket, key } = call;
  const { headers } = request;
  request.authorize('s3:PutObject', objectArn(call));
  // To compare ETags the caller must be allowed to read. Source: S3 User Guide, "How to prevent object overwrites".
  if (headers['if-match'] !== undefined) request.authorize('s3:GetObject', objectArn(call));
  const head = await store.put({
    bucket,
    key,
    body: uploadedBody(request),
    contentType: headers['content-type'],
    contentEncoding: storedEncoding(headers['content-encoding']),
    metadata: metadataOf(headers),
    ifNoneMatch: ifNoneMatch(headers['if-none-match']),
    ifMatch: quoted(headers['if-match']),
  });
  return { status: 200, headers: { etag: head.etag, ...checksumHeaders(head) }, body: '' };
}

export async function getObject(call: S3Call): Promise<ServiceResponse> {
  call.request.authorize('s3:GetObject', objectArn(call));
  const { head, body } = await asFarAsMaySee(call, () => call.store.get(call.bucket, call.key));
  const conditional = conditionalAnswer(call.request, head);
  if (conditional !== undefined) return conditional;
  const isChecksumWanted = call.request.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED';
  const checksum = isChecksumWanted ? checksumHeaders(head) : {};
  return { status: 200, headers: { ...headersOf(head), ...checksum }, body };
}

export async function headObject(call: S3Call): Promise<ServiceResponse> {
  call.request.authorize('s3:GetObject', objectArn(call));
  const head = await asFarAsMaySee(call, () => call.store.head(call.bucket, call.key));
  const conditional = conditionalAnswer(call.request, head);
  if (conditional !== undefined) return conditional;
  return { status: 200, headers: { ...headersOf(head), 'content-length': String(head.sizeBytes) }, body: '' };
}

export async function deleteObject(call: S3Call): Promise<ServiceResponse> {
  call.request.authorize('s3:DeleteObject', objectArn(call));
  await call.store.delete(call.bucket, call.key);
  return { status: 204, headers: {}, body: '' };
}

/**
 * "If you have the s3:ListBucket permission on the bucket, Amazon S3 returns an HTTP status code 404 (Not Found) error.
 * If you don't […] 403 (Access Denied)." Source: S3 API Reference, GetObject and HeadObject, "Permissions".
 */
async function asFarAsMaySee<T>(call: S3Call, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'NoSuchKey') {
      call.request.authorize('s3:ListBucket', bucketArn(call));
    }
    throw error;
  }
}

function uploadedBody({ headers, body }: ServiceRequest): Buffer {
  if (headers['x-amz-content-sha256']?.startsWith('STREAMING-') !== true) {
    checkChecksums(headers, body);
    return body;
  }
  const decoded = decodeAwsChunked(body);
  const length = headers['x-amz-decoded-content-length'];
  if (length !== undefined && Number(length) !== decoded.body.length) {
    throw new ServiceError('IncompleteBody', 'The body is not as long as x-amz-decoded-content-length says.');
  }
  checkChecksums({ ...headers, ...decoded.trailers }, decoded.body);
  return decoded.body;
}

/** aws-chunked is how the body travelled, not how it is stored. */
function storedEncoding(header: string | undefined): string | undefined {
  const encodings = (header ?? '').split(',').map((encoding) => encoding.trim());
  const stored = encodings.filter((encoding) => encoding !== '' && encoding !== 'aws-chunked').join(',');
  return stored === '' ? undefined : stored;
}

function metadataOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(METADATA_PREFIX));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(METADATA_PREFIX.length), value]));
}

function ifNoneMatch(header: string | undefined): '*' | undefined {
  if (header === undefined || header === '*') return header;
  // "Expects the '*' (asterisk) character." Source: S3 API Reference, PutObject.
  throw notImplemented('If-None-Match with an ETag on PutObject');
}

function quoted(etag: string | undefined): string | undefined {
  return etag === undefined || etag.startsWith('"') ? etag : `"${etag}"`;
}

function conditionalAnswer({ headers }: ServiceRequest, head: ObjectHead): ServiceResponse | undefined {
  const ifMatch = quoted(headers['if-match']);
  if (ifMatch !== undefined && ifMatch !== head.etag) throw preconditionFailed();
  if (quoted(headers['if-none-match']) !== head.etag) return undefined;
  return { status: 304, headers: { etag: head.etag }, body: '' };
}

function headersOf(head: ObjectHead): Record<string, string> {
  const own = Object.entries(head.metadata).map(([name, value]) => [`${METADATA_PREFIX}${name}`, value]);
  return {
    etag: head.etag,
    'last-modified': new Date(head.lastModifiedMs).toUTCString(),
    'content-type': head.contentType,
    ...(head.contentEncoding === undefined ? {} : { 'content-encoding': head.contentEncoding }),
    ...Object.fromEntries(own),
  };
}

function checksumHeaders(head: ObjectHead): Record<string, string> {
  return { 'x-amz-checksum-crc32': head.crc32, 'x-amz-checksum-type': 'FULL_OBJECT' };
}
