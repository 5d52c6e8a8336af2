import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/** `/ready` reads this object instead of the database, which a probe would keep from pausing. */
export const SCHEMA_STATE_KEY = 'state/schema.json';

export interface SchemaState {
  /** Newest version in force, null when none is. */
  readonly version: string | null;
  /** ISO 8601 UTC. */
  readonly migratedAt: string;
}

/** Not best effort: without the object `/ready` would tell an old version for ever. */
export class SchemaStateError extends Error {
  readonly code = 'SCHEMA_STATE_NOT_WRITTEN';
}

/** @throws SchemaStateError; the migrations themselves are then in force already, and running them again heals it. */
export async function writeSchemaState(client: S3Client, bucket: string, state: SchemaState): Promise<void> {
  try {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: SCHEMA_STATE_KEY,
        Body: JSON.stringify(state),
        ContentType: 'application/json',
      }),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new SchemaStateError(
      `the schema is at version ${state.version}, but ${SCHEMA_STATE_KEY} could not be written to ${bucket}: ${reason}`,
      { cause },
    );
  }
}
