import { receiveCount } from '../adapters/batch/sqs-batch.ts';
import type { Database } from '../adapters/database/database.ts';
import { mayBlameOneRecord } from '../adapters/database/database-fault.ts';
import { idBounds } from '../adapters/delivery-rows/id-bounds.ts';
import { toSnapshot } from '../adapters/delivery-rows/webhook-snapshot.ts';
import type { DeliverMessage, EventSnapshot } from '../domain/messages/delivery-message.ts';
import { bisect } from '../domain/packing/bisect.ts';
import { VISIBILITY_MAX_SECONDS } from '../domain/retry-schedule/carriage.ts';
import { type ClaimRow, claimDeliveries } from './claim-deliveries.ts';
import type { DeliverSettings } from './deliver-context.ts';
import type { Received } from './read-messages.ts';
import { LEASE_MARGIN_MS, type Lease, type Task } from './task.ts';

/** What a claim makes of a message. */
export type Claim =
  | { readonly kind: 'send'; readonly task: Task }
  /** Nothing to do: ended, held, parked, or of a newer generation. */
  | { readonly kind: 'drop'; readonly received: Received<DeliverMessage> }
  /** Somebody else's lease, or not due yet. */
  | { readonly kind: 'wait'; readonly received: Received<DeliverMessage>; readonly afterMs: number }
  /** Its row or its event cannot be read. */
  | { readonly kind: 'refused'; readonly received: Received<DeliverMessage>; readonly error: unknown }
  /** Exhausted, and the dead-letter function was not told: a crash between the two steps. */
  | { readonly kind: 'notify'; readonly received: Received<DeliverMessage>; readonly webhookId: string };

export interface ClaimProps {
  readonly database: Database;
  readonly settings: DeliverSettings;
  readonly nowMs: number;
  readonly token: string;
}

/** A row that another transaction holds is free again in milliseconds. */
const LOCKED_WAIT_MS = 2_000;

/**
 * Claims a batch in one call. A row that the Data API refuses (over 64 KB) must not stop its neighbours.
 * @throws DatabaseFault that concerns all of them.
 */
export async function claimAll(props: ClaimProps, inbox: readonly Received<DeliverMessage>[]): Promise<Claim[]> {
  const { results, poisoned } = await bisect(inbox, (part) => claimPart(props, part), mayBlameOneRecord);
  return [...results.flat(), ...poisoned.map(({ item, error }): Claim => ({ kind: 'refused', received: item, error }))];
}

async function claimPart(props: ClaimProps, inbox: readonly Received<DeliverMessage>[]): Promise<Claim[]> {
  const { settings, nowMs } = props;
  const lease = { token: props.token, untilMs: nowMs + settings.deliveryTimeoutSeconds * 1000 + LEASE_MARGIN_MS };
  const rows = await props.database.query(claimDeliveries, {
    messages: JSON.stringify(inbox.map(parameter)),
    ...idBounds(inbox.map(({ message }) => message.deliveryId)),
    token: lease.token,
    nowMs,
    claimedUntilMs: lease.untilMs,
    expiresMs: nowMs + settings.openTtlSeconds * 1000,
  });
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return inbox.map((received) => claimOf(received, byKey.get(keyOf(received.message)), { lease, nowMs }));
}

function keyOf({ deliveryId, generation }: { readonly deliveryId: string; readonly generation: number }): string {
  return `${deliveryId} ${generation}`;
}

function parameter({ record, message }: Received<DeliverMessage>): unknown {
  const { deliveryId, generation, claim, event, webhook } = message;
  // What can be sent unread may be so right now: SQS hands out a message twice now and then. From the second time on
  // such a message waits for the end of the lease that it came with.
  const isBeingSent = webhook !== undefined && event?.payload !== undefined && receiveCount(record) > 1;
  return { d: deliveryId, g: generation, t: isBeingSent ? undefined : claim?.token, e: event?.payload === undefined };
}

interface Grant {
  readonly lease: Lease;
  readonly nowMs: number;
}

function claimOf(received: Received<DeliverMessage>, row: ClaimRow | undefined, { lease, nowMs }: Grant): Claim {
  if (row === undefined) return { kind: 'wait', received, afterMs: LOCKED_WAIT_MS };
  if (row.kind === 'stopped') return { kind: 'drop', received };
  if (row.kind === 'unclaimed') return reasonOf(received, row);
  const { event: carried } = received.message;
  const event = carried?.payload === undefined ? readEvent(row.event, carried) : carried;
  // An event without a row and without a snapshot: its partition is gone, and nothing is left to send.
  if (event === undefined) return { kind: 'drop', received };
  const { accountId, webhookId, eventUuid, apiVersion } = row;
  const webhook = toSnapshot(row.snapshot, nowMs);
  const attemptNumber = row.attempts + 1;
  return {
    kind: 'send',
    task: { received, lease, attemptNumber, accountId, webhookId, eventUuid, apiVersion, event, webhook },
  };
}

/** What the message says of the event goes before what was read: its `timestamp` is the caller's own text. */
function readEvent(
  read: Extract<ClaimRow, { kind: 'claimed' }>['event'],
  carried: EventSnapshot | undefined,
): EventSnapshot | undefined {
  if (read === null) return carried;
  const { payload, ...head } = read;
  return { ...head, ...carried, ...(payload === null ? {} : { payload }) };
}

function reasonOf(received: Received<DeliverMessage>, { row }: Extract<ClaimRow, { kind: 'unclaimed' }>): Claim {
  if (row === null || row.generation !== received.message.generation) return { kind: 'drop', received };
  if (row.status === 'DEAD_LETTER' && !row.isNotified) return { kind: 'notify', received, webhookId: row.webhookId };
  // IN_PROGRESS never returns to a send of the same generation: the sweeper watches its callback deadline.
  const isOpen = row.status === 'PENDING' || row.status === 'FAILED_RETRY';
  if (!isOpen || row.carrier === 'parked') return { kind: 'drop', received };
  const afterMs = Math.max(row.dueInMs, row.leaseLeftMs, LOCKED_WAIT_MS);
  return { kind: 'wait', received, afterMs: Math.min(afterMs, VISIBILITY_MAX_SECONDS * 1000) };
}
