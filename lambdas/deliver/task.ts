import { receiveCount } from '../adapters/batch/sqs-batch.ts';
import type { DeliverMessage, EventSnapshot, WebhookSnapshot } from '../domain/messages/delivery-message.ts';
import type { DeliverSettings } from './deliver-context.ts';
import type { Received } from './read-messages.ts';

/** Whose the row is, and until when (Unix ms). */
export interface Lease {
  readonly token: string;
  readonly untilMs: number;
}

/** One attempt to make, under a lease of ours. */
export interface Task {
  readonly received: Received<DeliverMessage>;
  readonly lease: Lease;
  readonly attemptNumber: number;
  readonly accountId: string;
  readonly webhookId: string;
  readonly eventUuid: string;
  readonly apiVersion: 'v1' | 'v2';
  /** `payload` absent: to be read. */
  readonly event: EventSnapshot;
  /** Undefined when the account has no key any more: its secrets do not open. */
  readonly webhook: WebhookSnapshot | undefined;
}

/** What the lease must still cover beside the receiver's time: signing, and the write of the result. */
export const LEASE_MARGIN_MS = 20_000;

/**
 * The task that a message alone gives, without a read of its row: handed out for the first time, under fan-out's own
 * lease, with all that a send needs, to a webhook without a rate limit whose configuration is fresh.
 * Source: protocol, "Claim".
 */
export function unreadTask(
  received: Received<DeliverMessage>,
  { settings, nowMs }: { readonly settings: DeliverSettings; readonly nowMs: number },
): Task | undefined {
  const { claim, delivery, event, webhook } = received.message;
  if (claim === undefined || delivery === undefined || webhook === undefined) return undefined;
  if (event?.payload === undefined || receiveCount(received.record) !== 1) return undefined;
  if (claim.untilMs - nowMs < settings.deliveryTimeoutSeconds * 1000 + LEASE_MARGIN_MS) return undefined;
  if (webhook.rateLimitPerSecond !== null) return undefined;
  if (nowMs - webhook.readAt > settings.configCacheSeconds * 1000) return undefined;
  return { received, lease: claim, attemptNumber: 1, ...delivery, event, webhook };
}
