import { idBounds } from '../adapters/delivery-rows/id-bounds.ts';
import { parkAgain } from '../adapters/delivery-rows/park-again.ts';
import type { DeadLetterMessage, DeliverMessage } from '../domain/messages/delivery-message.ts';
import type { EnqueuedRow } from './enqueued-row.ts';
import type { Moment, SweepContext } from './sweep-context.ts';

/**
 * Puts claimed rows on the retries queue, by their ids and with the lease. What the queue does not take is parked again.
 * @returns whether all are in the queue.
 */
export async function enqueueDeliveries(
  context: SweepContext,
  { nowMs, token, claimedUntilMs }: Moment,
  rows: readonly EnqueuedRow[],
): Promise<boolean> {
  const messages = rows.map((row) => {
    const { deliveryId, generation, webhookId } = row;
    const claim = { token, untilMs: claimedUntilMs };
    const message: DeliverMessage = { v: 1, kind: 'deliver', deliveryId, generation, hops: 0, claim };
    return { body: JSON.stringify(message), groupId: webhookId, row };
  });
  const failures = await context.queues.sendAll(context.retriesQueueUrl, messages);
  if (failures.length === 0) return true;
  context.log.error('swept_not_enqueued', { count: failures.length, code: failures[0]?.code });
  await parkRows(
    context,
    { nowMs, token },
    failures.map(({ message }) => message.row),
  );
  return false;
}

/** Sends exhausted deliveries to the dead-letters queue; one that it does not take is found again after its lease. */
export async function enqueueDeadLetters(context: SweepContext, rows: readonly EnqueuedRow[]): Promise<void> {
  const messages = rows.map(({ deliveryId, generation, webhookId }) => {
    const message: DeadLetterMessage = { v: 1, kind: 'exhausted', deliveryId, generation, hops: 0 };
    return { body: JSON.stringify(message), groupId: webhookId };
  });
  const failures = await context.queues.sendAll(context.deadLettersQueueUrl, messages);
  if (failures.length > 0) context.log.error('swept_not_enqueued', { count: failures.length, code: failures[0]?.code });
}

async function parkRows(
  context: SweepContext,
  { nowMs, token }: Pick<Moment, 'nowMs' | 'token'>,
  rows: readonly EnqueuedRow[],
): Promise<void> {
  await context.database.query(parkAgain, {
    messages: JSON.stringify(rows.map(({ deliveryId, generation }) => ({ d: deliveryId, g: generation }))),
    ...idBounds(rows.map(({ deliveryId }) => deliveryId)),
    nowMs,
    token,
    expiresMs: nowMs + context.settings.openTtlSeconds * 1000,
  });
}
