/** ListObjectsV2 and DeleteObjects. */
import { ServiceError, type ServiceResponse } from '../services/service.ts';
import { checkChecksums } from './checksum.ts';
import type { ObjectHead } from './object-files.ts';
import type { ListProps } from './object-list.ts';
import type { ObjectPage } from './object-store.ts';
import { bucketArn, objectArn, type S3Call } from './s3-call.ts';
import { xmlDocument, xmlText, xmlTexts } from './xml.ts';

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
// Source: S3 API Reference, ListObjectsV2 (max-keys) and DeleteObjects.
const MOST_LISTED = 1_000;
const MOST_DELETED = 1_000;

export function listObjects(call: S3Call): ServiceResponse {
  const { query } = call.request;
  const asked = query.get('prefix');
  call.request.authorize('s3:ListBucket', bucketArn(call), asked === null ? {} : { 's3:prefix': asked });
  const props: ListProps = {
    prefix: asked ?? '',
    startAfter: query.get('start-after') ?? '',
    maxKeys: maxKeys(query.get('max-keys')),
    delimiter: query.get('delimiter') ?? undefined,
    continuationToken: query.get('continuation-token') ?? undefined,
  };
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text;
  return xmlResponse(listResult(call, props, encode));
}

/** Each key can fail by itself; a key that has no object counts as deleted. */
export async function deleteObjects(call: S3Call): Promise<ServiceResponse> {
  const { headers, body } = call.request;
  checkChecksums(headers, body);
  const document = body.toString('utf8');
  const keys = xmlTexts(document, 'Key');
  if (keys.length === 0 || keys.length > MOST_DELETED) {
    throw new ServiceError('MalformedXML', `DeleteObjects takes 1 to ${MOST_DELETED} keys.`);
  }
  const isQuiet = xmlTexts(document, 'Quiet')[0] === 'true';
  const results = await Promise.all(keys.map((key) => deleteOne({ ...call, key }, isQuiet)));
  return xmlResponse(`<DeleteResult ${NAMESPACE}>${results.join('')}</DeleteResult>`);
}

async function deleteOne(call: S3Call, isQuiet: boolean): Promise<string> {
  try {
    call.request.authorize('s3:DeleteObject', objectArn(call));
    await call.store.delete(call.bucket, call.key);
    return isQuiet ? '' : `<Deleted>${xmlText('Key', call.key)}</Deleted>`;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'NoSuchBucket') throw error;
    const { code, message } = error;
    return `<Error>${xmlText('Key', call.key)}${xmlText('Code', code)}${xmlText('Message', message)}</Error>`;
  }
}

function maxKeys(value: string | null): number {
  if (value === null) return MOST_LISTED;
  if (!/^\d+$/.test(value)) throw new ServiceError('InvalidArgument', 'max-keys must be a number from 0.');
  return Math.min(Number(value), MOST_LISTED);
}

function listResult(call: S3Call, props: ListProps, encode: (text: string) => string): string {
  const page: ObjectPage = call.store.list(call.bucket, props);
  const fields = [
    xmlText('Name', call.bucket),
    xmlText('Prefix', encode(props.prefix)),
    props.startAfter === '' ? '' : xmlText('StartAfter', encode(props.startAfter)),
    xmlText('Delimiter', props.delimiter === undefined ? undefined : encode(props.delimiter)),
    xmlText('MaxKeys', props.maxKeys),
    xmlText('KeyCount', page.heads.length + page.commonPrefixes.length),
    xmlText('IsTruncated', page.nextToken !== undefined),
    xmlText('ContinuationToken', props.continuationToken),
    xmlText('NextContinuationToken', page.nextToken),
    ...page.heads.map((head) => contents(head, encode)),
    ...page.commonPrefixes.map((prefix) => `<CommonPrefixes>${xmlText('Prefix', encode(prefix))}</CommonPrefixes>`),
  ];
  return `<ListBucketResult ${NAMESPACE}>${fields.join('')}</ListBucketResult>`;
}

function contents(head: ObjectHead, encode: (text: string) => string): string {
  const fields = [
    xmlText('Key', encode(head.key)),
    xmlText('LastModified', new Date(head.lastModifiedMs).toISOString()),
    xmlText('ETag', head.etag),
    xmlText('Size', head.sizeBytes),
    xmlText('StorageClass', 'STANDARD'),
  ];
  return `<Contents>${fields.join('')}</Contents>`;
}

function xmlResponse(root: string): ServiceResponse {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: xmlDocument(root) };
}
