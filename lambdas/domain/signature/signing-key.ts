import type { KeyObject } from 'node:crypto';
import type { WebhookSecret } from '../secret/webhook-secret.ts';

/** As stored in `webhook_configs.signing_algorithm` and shown in the API. */
export const SIGNING_ALGORITHMS = ['HMAC-SHA256', 'ed25519'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** One key of `webhook-signature`. */
export type SigningKey =
  | { readonly algorithm: 'HMAC-SHA256'; readonly key: Buffer }
  | { readonly algorithm: 'ed25519'; readonly key: KeyObject };

/** A replaced secret that still signs, and still proves callbacks, until it expires. */
export interface PreviousSecret {
  readonly secret: WebhookSecret;
  /** Unix ms; from this moment on it counts for nothing. */
  readonly expiresAtMs: number;
}

export interface SecretsInForce {
  readonly current: WebhookSecret;
  readonly previous?: PreviousSecret | undefined;
}

/** The previous secret while it has not expired. */
export function livePrevious(secrets: SecretsInForce, nowMs: number): WebhookSecret | undefined {
  const { previous } = secrets;
  return previous !== undefined && nowMs < previous.expiresAtMs ? previous.secret : undefined;
}
