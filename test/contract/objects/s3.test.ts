import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  NoSuchBucket,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openObjectStore } from '../../../local/objects/object-store.ts';
import { S3Service } from '../../../local/objects/s3-service.ts';
import type { Authorizer } from '../../../local/services/authorizer.ts';
import { ServiceError } from '../../../local/services/service.ts';
import { type ServiceBench, startServiceBench, type TemporaryFolder, temporaryFolder } from '../service-bench.ts';

type PutOptions = Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>;

describe('S3 service', () => {
  const Bucket = 'control';
  const asked: string[] = [];
  let granted: (action: string, resource: string) => boolean;
  let folder: TemporaryFolder;
  let bench: ServiceBench;
  let s3: S3Client;

  const authorizer: Authorizer = Object.assign(
    (principal: string, action: string, resource: string, conditions: Readonly<Record<string, string>> = {}) => {
      asked.push([action, resource, ...Object.entries(conditions).map(String)].join(' '));
      if (!granted(action, resource)) throw new ServiceError('AccessDenied', `${principal} may not ${action}`, 403);
    },
    { seen: () => [] },
  );
  const open = async (): Promise<void> => {
    const store = await openObjectStore({ folder: folder.path });
    await store.createBucket(Bucket);
    bench = await startServiceBench([new S3Service({ store })], authorizer);
    s3 = new S3Client({ ...bench.client('s3'), forcePathStyle: true });
  };
  const close = async (): Promise<void> => {
    s3.destroy();
    await bench.close();
    expect(bench.unexpected).toEqual([]);
  };
  // The client takes an empty text for a stream, and warns of its unknown length unless it is told.
  const put = (Key: string, Body: string | Buffer | Readable, more: PutOptions = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...(Body === '' && { ContentLength: 0 }), ...more }));
  const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key }));
  const text = async (Key: string) => (await get(Key)).Body?.transformToString();
  const list = (input: Partial<ListObjectsV2CommandInput> = {}) =>
    s3.send(new ListObjectsV2Command({ Bucket, ...input }));
  const keys = async (input: Partial<ListObjectsV2CommandInput> = {}) =>
    ((await list(input)).Contents ?? []).map(({ Key }) => Key);

  beforeEach(async () => {
    asked.length = 0;
    granted = () => true;
    folder = temporaryFolder();
    await open();
  });
  afterEach(async () => {
    await close();
    folder.remove();
  });

  describe('an object', () => {
    it('comes back as it was put', async () => {
      const body = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7) % 256));
      const Metadata = { source: 'stripe', 'received-at': '2026-01-01' };
      const sent = await put('captures/ü &+%=?#.bin', body, { ContentType: 'image/png', Metadata });
      const object = await get('captures/ü &+%=?#.bin');
      expect(Buffer.from((await object.Body?.transformToByteArray()) ?? [])).toEqual(body);
      expect(object).toMatchObject({ ETag: sent.ETag, ContentType: 'image/png', ContentLength: 300_000, Metadata });
      expect(Date.now() - Number(object.LastModified)).toBeLessThan(60_000);
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'captures/ü &+%=?#.bin' }));
      expect(head).toMatchObject({ ETag: sent.ETag, ContentType: 'image/png', ContentLength: 300_000, Metadata });
    });

    it('may be empty', async () => {
      await put('due/2026-01-01T00:00', '');
      expect(await text('due/2026-01-01T00:00')).toBe('');
      expect((await list()).Contents).toMatchObject([{ Key: 'due/2026-01-01T00:00', Size: 0 }]);
    });

    it('may come as a stream, its checksum behind it', async () => {
      const parts = ['hello', ' ', 'world'].map((part) => Buffer.from(part));
      await put('streamed', Readable.from(parts), { ContentLength: 11 });
      expect(await text('streamed')).toBe('hello world');
      expect((await get('streamed')).ContentEncoding).toBeUndefined();
    });

    it.each(['CRC32', 'SHA1', 'SHA256'] as const)('is taken with a %s', async (ChecksumAlgorithm) => {
      await put('summed', 'hello', { ChecksumAlgorithm });
      expect(await text('summed')).toBe('hello');
    });

    it.each([{ ChecksumCRC32: 'AAAAAA==' }, { ChecksumSHA256: 'A'.repeat(43).concat('=') }])(
      'is refused with a checksum of something else: %o',
      async (checksum) => {
        await expect(put('summed', 'hello', checksum)).rejects.toMatchObject({ name: 'BadDigest' });
        expect(await keys()).toEqual([]);
      },
    );

    it('is replaced, and deleted, whole', async () => {
      await put('a', 'first', { Metadata: { version: '1' } });
      await put('a', 'second');
      expect(await get('a')).toMatchObject({ Metadata: {}, ContentLength: 6 });
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
      await expect(get('a')).rejects.toBeInstanceOf(NoSuchKey);
      await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))).rejects.toBeInstanceOf(NotFound);
    });

    it('may have a key that starts, or differs in case alone from, that of another', async () => {
      for (const key of ['a', 'a/b', 'a/b/', 'A', '../a', `long/${'x'.repeat(1_000)}`]) await put(key, `at ${key}`);
      expect(await text('a')).toBe('at a');
      expect(await text('A')).toBe('at A');
      expect(await text('../a')).toBe('at ../a');
      expect(await keys()).toHaveLength(6);
      await expect(put('x'.repeat(1_025), '')).rejects.toMatchObject({ name: 'KeyTooLongError' });
    });

    it('is read on condition', async () => {
      const { ETag } = await put('a', 'first');
      const unchanged = s3.send(new GetObjectCommand({ Bucket, Key: 'a', IfNoneMatch: ETag }));
      await expect(unchanged).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
      const other = s3.send(new GetObjectCommand({ Bucket, Key: 'a', IfMatch: '"other"' }));
      await expect(other).rejects.toMatchObject({ name: 'PreconditionFailed' });
    });
  });

  describe('a write on condition', () => {
    it('creates once', async () => {
      await put('a', 'first', { IfNoneMatch: '*' });
      const second = put('a', 'second', { IfNoneMatch: '*' });
      await expect(second).rejects.toMatchObject({
        name: 'PreconditionFailed',
        $metadata: { httpStatusCode: 412 },
      });
      expect(await text('a')).toBe('first');
    });

    it('replaces only the version that it names', async () => {
      const first = await put('a', 'first');
      const second = await put('a', 'second', { IfMatch: first.ETag });
      await expect(put('a', 'third', { IfMatch: first.ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
      await put('a', 'third', { IfMatch: second.ETag });
      expect(await text('a')).toBe('third');
      await expect(put('nothing', 'x', { IfMatch: first.ETag })).rejects.toBeInstanceOf(NoSuchKey);
    });

    it('lets one of many at once through', async () => {
      const { ETag } = await put('a', 'first');
      const bodies = Array.from({ length: 20 }, (_, n) => `writer ${n}`);
      const outcomes = await Promise.allSettled(bodies.map((body) => put('a', body, { IfMatch: ETag })));
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await text('a')).toBe(bodies[winner]);
    });
  });

  describe('a list', () => {
    it('is in the order of UTF-8 bytes', async () => {
      const inOrder = ['A', 'a', 'a!', 'a/', 'b', 'é', '\uffee', '😀'];
      for (const key of [...inOrder].reverse()) await put(key, '');
      expect(await keys()).toEqual(inOrder);
    });

    it('starts after a key and within a prefix', async () => {
      for (const key of ['due/1', 'due/2', 'due/3', 'due', 'duf', 'schema']) await put(key, '');
      expect(await keys({ Prefix: 'due/' })).toEqual(['due/1', 'due/2', 'due/3']);
      expect(await keys({ Prefix: 'due/', StartAfter: 'due/1' })).toEqual(['due/2', 'due/3']);
      expect(await keys({ StartAfter: 'due/2' })).toEqual(['due/3', 'duf', 'schema']);
      expect(await keys({ Prefix: 'none' })).toEqual([]);
    });

    it('goes on page by page, prefixes among the keys', async () => {
      for (const key of ['a', 'b/1', 'b/2', 'c', 'd/1', 'd/2', 'd/3', 'e']) await put(key, 'xyz');
      const pages: (string | undefined)[][] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await list({ Delimiter: '/', MaxKeys: 2, ...(ContinuationToken && { ContinuationToken }) });
        const { Contents = [], CommonPrefixes = [] } = page;
        pages.push([...Contents.map(({ Key }) => Key), ...CommonPrefixes.map(({ Prefix }) => Prefix)]);
        expect(page.KeyCount).toBe(pages.at(-1)?.length);
        expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      expect(pages).toEqual([['a', 'b/'], ['c', 'd/'], ['e']]);
    });

    it('keeps keys that XML must escape', async () => {
      await put('<a> & "b"\r', 'x');
      expect(await keys()).toEqual(['<a> & "b"\r']);
    });
  });

  it('deletes many at once, and names those that it may not', async () => {
    for (const key of ['due/1', 'due/<2>', 'state/schema']) await put(key, '');
    granted = (action, resource) => action !== 's3:DeleteObject' || resource.includes('/due/');
    const Objects = ['due/1', 'due/<2>', 'due/none', 'state/schema'].map((Key) => ({ Key }));
    const result = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(result.Deleted).toEqual([{ Key: 'due/1' }, { Key: 'due/<2>' }, { Key: 'due/none' }]);
    expect(result.Errors).toMatchObject([{ Key: 'state/schema', Code: 'AccessDenied' }]);
    expect(await keys()).toEqual(['state/schema']);
  });

  describe('permissions', () => {
    it('are asked for with the actions that AWS has', async () => {
      const { ETag } = await put('a', 'x');
      await put('a', 'y', { IfMatch: ETag });
      await get('a');
      await list();
      await list({ Prefix: 'due/' });
      await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a' }] } }));
      expect(asked).toEqual([
        's3:PutObject arn:aws:s3:::control/a',
        's3:PutObject arn:aws:s3:::control/a',
        's3:GetObject arn:aws:s3:::control/a',
        's3:GetObject arn:aws:s3:::control/a',
        's3:ListBucket arn:aws:s3:::control',
        's3:ListBucket arn:aws:s3:::control s3:prefix,due/',
        's3:DeleteObject arn:aws:s3:::control/a',
      ]);
    });

    it('hide whether an object exists from whoever may not list', async () => {
      granted = (action) => action !== 's3:ListBucket';
      await expect(get('nothing')).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
      const head = s3.send(new HeadObjectCommand({ Bucket, Key: 'nothing' }));
      await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    });
  });

  it('names an unknown bucket, and what it does not do', async () => {
    await expect(s3.send(new ListObjectsV2Command({ Bucket: 'nobody' }))).rejects.toBeInstanceOf(NoSuchBucket);
    const tagging = new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] } });
    await expect(s3.send(tagging)).rejects.toMatchObject({ name: 'NotImplemented' });
  });

  it('refuses a chunked body that was cut off', async () => {
    const response = await fetch(`${bench.server.url}/s3/${Bucket}/cut`, {
      method: 'PUT',
      body: '5\r\nhello\r\n6\r\n wo',
      headers: {
        authorization: 'AWS4-HMAC-SHA256 Credential=operator/x',
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      },
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('<Code>IncompleteBody</Code>');
    expect(await keys()).toEqual([]);
  });

  it('has everything after a restart, and nothing that was half written', async () => {
    const { ETag } = await put('kept', 'x'.repeat(10_000), { Metadata: { long: 'y'.repeat(1_500) } });
    await put('gone', 'x');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    await close();
    await writeFile(join(folder.path, Bucket, 'crashed.writing'), '{"key":"half"');
    await open();
    expect((await list()).Contents).toMatchObject([{ Key: 'kept', ETag, Size: 10_000 }]);
    expect((await get('kept')).Metadata).toEqual({ long: 'y'.repeat(1_500) });
    await expect(put('kept', 'z', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });
});
