/** What every operation on the wire gets. */
import type { ServiceRequest } from '../services/service.ts';
import type { ObjectStore } from './object-store.ts';

export interface S3Call {
  readonly store: ObjectStore;
  readonly request: ServiceRequest;
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

export function objectArn({ bucket, key }: Pick<S3Call, 'bucket' | 'key'>): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}

export function bucketArn({ bucket }: Pick<S3Call, 'bucket'>): string {
  return `arn:aws:s3:::${bucket}`;
}
