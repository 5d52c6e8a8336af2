import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DUE_PREFIX, dueMarkerKey } from '../../domain/due-marker/due-marker.ts';
import { clientOptions } from '../sdk/client-options.ts';
import { errorName } from '../sdk/sdk-error.ts';

/**
 * The bucket of what must be known while Aurora sleeps or is away: when work is due, and the schema's version.
 * A marker (`due/<minute>`) is an empty object; it says that a sweep at that minute has something to look at.
 */
export interface ControlBucket {
  /**
   * Writes the markers of these times, before the rows that they stand for. A time that is past counts as now, rounded
   * up like any other: a sweep looks a minute ahead, so the next one finds it, and none that began within a minute of
   * this call deletes it, so that the row is committed by then. Once per container and minute: a marker's minute ends
   * after the call that asks for it, and a sweep deletes it a full minute later at the earliest, so one that was written
   * once is still there for every later row of that minute.
   * @throws the SDK's error; what was not written is tried again by the next call, whatever times that one is given.
   */
  markDue(timesMs: readonly number[]): Promise<void>;
  /** Keys of all markers up to a time, at most 1,000, oldest first. */
  listMarkers(untilMs: number): Promise<readonly string[]>;
  deleteMarkers(keys: readonly string[]): Promise<void>;
  /** The text of an object; undefined when there is none. */
  readText(key: string): Promise<string | undefined>;
}

export interface ControlBucketProps {
  readonly client: S3Client;
  readonly bucket: string;
  readonly now?: () => number;
}

export function createS3Client(): S3Client {
  return new S3Client({
    ...clientOptions({ requestTimeoutMs: 3_000, maxAttempts: 2, maxSockets: 20 }),
    // Path style: the bucket in the path works at any endpoint, a host name per bucket does not.
    forcePathStyle: true,
  });
}

export function createControlBucket({ client, bucket, now = Date.now }: ControlBucketProps): ControlBucket {
  const written = new Set<string>();
  const missed = new Set<string>();
  return {
    markDue: async (timesMs) => {
      const nowMs = now();
      forgetBefore(written, dueMarkerKey(nowMs));
      for (const timeMs of timesMs) missed.add(dueMarkerKey(Math.max(timeMs, nowMs)));
      const keys = [...missed].filter((key) => !written.has(key));
      await Promise.all(
        keys.map(async (key) => {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: NOTHING }));
          written.add(key);
          missed.delete(key);
        }),
      );
      for (const key of written) missed.delete(key);
    },
    listMarkers: async (untilMs) => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: DUE_PREFIX }));
      const last = dueMarkerKey(untilMs);
      return Contents.flatMap(({ Key }) => (Key !== undefined && Key <= last ? [Key] : []));
    },
    deleteMarkers: async (keys) => {
      if (keys.length === 0) return;
      const Objects = keys.map((Key) => ({ Key }));
      await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
    },
    readText: async (key) => {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return await Body?.transformToString();
      } catch (error) {
        if (errorName(error) === 'NoSuchKey') return undefined;
        throw error;
      }
    },
  };
}

/** Not an empty text: the SDK gives that no length, and warns of a stream each time. */
const NOTHING = new Uint8Array();

/** Keys sort by time. */
function forgetBefore(keys: Set<string>, first: string): void {
  for (const key of keys) if (key < first) keys.delete(key);
}
