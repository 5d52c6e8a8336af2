/** Durable objects of this machine. What was put is there after a kill -9 and after a power cut. */
import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../services/service.ts';
import { crc32Base64 } from './checksum.ts';
import { KeyOrder } from './key-order.ts';
import { noSuchBucket, noSuchKey, preconditionFailed } from './object-error.ts';
import { ObjectFiles, type ObjectHead } from './object-files.ts';
import { type ListPage, type ListProps, listPage } from './object-list.ts';

export interface ObjectStoreProps {
  /** Holds one folder per bucket. Made if need be; one process at a time. */
  readonly folder: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

export interface PutProps {
  readonly bucket: string;
  /** 1 to 1,024 bytes of UTF-8. */
  readonly key: string;
  readonly body: Buffer;
  /** @default 'application/octet-stream' */
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Names in lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** `*`: only when no object has the key. */
  readonly ifNoneMatch?: '*' | undefined;
  /** An ETag in quotes: only over that version. */
  readonly ifMatch?: string | undefined;
}

export interface StoredObject {
  readonly head: ObjectHead;
  readonly body: Buffer;
}

export interface ObjectPage extends Omit<ListPage, 'keys'> {
  readonly heads: readonly ObjectHead[];
}

interface Bucket {
  readonly files: ObjectFiles;
  readonly heads: Map<string, ObjectHead>;
  readonly order: KeyOrder;
  /** The last write of each key that is under way. */
  readonly writes: Map<string, Promise<unknown>>;
}

// Source: S3 User Guide, "Naming Amazon S3 objects".
const LONGEST_KEY_BYTES = 1_024;
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Opens the buckets of the folder and reads the heads of their objects. */
export async function openObjectStore({ folder, now = Date.now }: ObjectStoreProps): Promise<ObjectStore> {
  await mkdir(folder, { recursive: true });
  const store = new ObjectStore(folder, now);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await store.createBucket(entry.name);
  }
  return store;
}

export class ObjectStore {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** Use `openObjectStore`. */
  constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Does nothing when the bucket is there. @throws ServiceError InvalidBucketName. */
  async createBucket(name: string): Promise<void> {
    if (this.#buckets.has(name)) return;
    if (!BUCKET_NAME.test(name)) throw new ServiceError('InvalidBucketName', `The bucket name ${name} is not valid.`);
    const files = await ObjectFiles.open(join(this.#folder, name));
    const bucket: Bucket = { files, heads: new Map(), order: new KeyOrder(), writes: new Map() };
    for await (const head of files.heads()) remember(bucket, head);
    this.#buckets.set(name, bucket);
  }

  bucketNames(): readonly string[] {
    return [...this.#buckets.keys()].sort();
  }

  /**
   * Writes an object, over another one of the key if its conditions hold. Writes of one key happen one after the other.
   * @throws ServiceError NoSuchBucket; KeyTooLongError; PreconditionFailed (412); NoSuchKey (404) for `ifMatch` on a
   * key that has no object. Source: S3 User Guide, "Conditional write behavior".
   */
  async put(props: PutProps): Promise<ObjectHead> {
    const bucket = this.#bucket(props.bucket);
    if (Buffer.byteLength(props.key) > LONGEST_KEY_BYTES) {
      throw new ServiceError('KeyTooLongError', 'Your key is too long', 400);
    }
    return inTurn(bucket, props.key, async () => {
      checkConditions(props, bucket.heads.get(props.key));
      const head = headOf(props, this.#now());
      await bucket.files.write(head, props.body);
      remember(bucket, head);
      return head;
    });
  }

  /** @throws ServiceError NoSuchBucket, NoSuchKey. */
  async get(bucket: string, key: string): Promise<StoredObject> {
    const object = await this.#bucket(bucket).files.read(key);
    if (object === undefined) throw noSuchKey();
    return object;
  }

  /** @throws ServiceError NoSuchBucket, NoSuchKey. */
  head(bucket: string, key: string): ObjectHead {
    const head = this.#bucket(bucket).heads.get(key);
    if (head === undefined) throw noSuchKey();
    return head;
  }

  /** Succeeds when there is nothing to delete, as in S3. @throws ServiceError NoSuchBucket. */
  async delete(bucketName: string, key: string): Promise<void> {
    const bucket = this.#bucket(bucketName);
    await inTurn(bucket, key, async () => {
      await bucket.files.delete(key);
      bucket.heads.delete(key);
      bucket.order.delete(key);
    });
  }

  /** @throws ServiceError NoSuchBucket. */
  list(bucketName: string, props: ListProps): ObjectPage {
    const bucket = this.#bucket(bucketName);
    const { keys, ...page } = listPage(bucket.order, props);
    return { ...page, heads: keys.map((key) => bucket.heads.get(key) as ObjectHead) };
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw noSuchBucket();
    return bucket;
  }
}

function remember(bucket: Bucket, head: ObjectHead): void {
  bucket.heads.set(head.key, head);
  bucket.order.add(head.key);
}

function headOf({ key, body, contentType, contentEncoding, metadata }: PutProps, nowMs: number): ObjectHead {
  return {
    key,
    etag: `"${createHash('md5').update(body).digest('hex')}"`,
    sizeBytes: body.length,
    lastModifiedMs: nowMs,
    crc32: crc32Base64(body),
    contentType: contentType ?? 'application/octet-stream',
    contentEncoding,
    metadata: metadata ?? {},
  };
}

function checkConditions({ ifNoneMatch, ifMatch }: PutProps, existing: ObjectHead | undefined): void {
  if (ifNoneMatch === '*' && existing !== undefined) throw preconditionFailed();
  if (ifMatch === undefined) return;
  if (existing === undefined) throw noSuchKey();
  if (existing.etag !== ifMatch) throw preconditionFailed();
}

/** Between the look at the old version and the rename of the new one, no other write of the key may come. */
async function inTurn<T>(bucket: Bucket, key: string, work: () => Promise<T>): Promise<T> {
  const before = bucket.writes.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  bucket.writes.set(key, mine);
  try {
    return await mine;
  } finally {
    if (bucket.writes.get(key) === mine) bucket.writes.delete(key);
  }
}
