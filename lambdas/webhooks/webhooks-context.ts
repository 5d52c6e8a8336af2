import type { ControlBucket } from '../adapters/control-bucket/control-bucket.ts';
import type { Database } from '../adapters/database/database.ts';
import type { Keyring } from '../adapters/secrets/keyring.ts';
import type { TargetPolicy } from '../domain/target/target-url.ts';

/** What the operations on webhooks work with. */
export interface WebhooksContext {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly controlBucket: ControlBucket;
  readonly targets: TargetPolicy;
  readonly now: () => number;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Buffer;
}

/**
 * How long an API call waits for a database that wakes from its pause (about 15 s): what the function's 29 s leave after
 * the call's own statements.
 */
export const RESUME_WAIT = { resumeWaitMs: 20_000 } as const;
