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
