import type { QueueMessage } from '../adapters/queues/queues.ts';
import { deliveryId } from '../domain/ids/delivery-id.ts';
import type { DeliverMessage, EventSnapshot, WebhookSnapshot } from '../domain/messages/delivery-message.ts';
import { isCarried } from '../domain/packing/payload-parts.ts';
import { DELAY_MAX_SECONDS } from '../domain/retry-schedule/carriage.ts';
import type { InsertedRow } from './insert-events.ts';
import type { FanOutEvent } from './read-envelope.ts';

/** A message that knows which event's record has to stay when it cannot be sent. */
export interface FanOutMessage extends QueueMessage {
  readonly eventUuid: string;
}

export interface NewDelivery {
  readonly event: FanOutEvent;
  readonly webhookId: string;
  readonly apiVersion: 'v1' | 'v2';
  readonly webhook: WebhookSnapshot | undefined;
  readonly claim: { readonly token: string; readonly untilMs: number };
}

/** Carries all that the deliver function needs, so that it reads nothing before it sends. */
export function newMessage({ event, webhookId, apiVersion, webhook, claim }: NewDelivery): FanOutMessage {
  const message: DeliverMessage = {
    v: 1,
    kind: 'deliver',
    deliveryId: deliveryId(event.eventUuid, webhookId),
    generation: 0,
    hops: 0,
    claim,
    delivery: { accountId: event.accountId, webhookId, eventUuid: event.eventUuid, apiVersion },
    event: eventSnapshot(event),
    ...(webhook === undefined ? {} : { webhook }),
  };
  return { body: JSON.stringify(message), groupId: webhookId, eventUuid: event.eventUuid };
}

/**
 * By id and without a token: whoever enqueued it first may be sending right now. Its message waits out what is left of
 * the lease, and claims.
 */
export function olderMessage(row: Extract<InsertedRow, { kind: 'older' }>): FanOutMessage {
  const message: DeliverMessage = {
    v: 1,
    kind: 'deliver',
    deliveryId: row.deliveryId,
    generation: row.generation,
    hops: 0,
  };
  const delaySeconds = Math.min(DELAY_MAX_SECONDS, Math.ceil(row.leaseLeftMs / 1000));
  return { body: JSON.stringify(message), groupId: row.webhookId, delaySeconds, eventUuid: row.eventUuid };
}

function eventSnapshot(event: FanOutEvent): EventSnapshot {
  return {
    id: event.eventId ?? event.eventUuid,
    type: event.type,
    timestamp: event.occurredAt ?? new Date(event.acceptedAtMs).toISOString(),
    objectType: event.objectType,
    objectId: event.objectId,
    ...(isCarried(event.payload) ? { payload: event.payload } : {}),
  };
}
