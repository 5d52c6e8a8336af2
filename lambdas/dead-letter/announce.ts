import type { BusEntry } from '../adapters/bus/bus.ts';
import { idBounds } from '../adapters/delivery-rows/id-bounds.ts';
import { OPERATIONAL_SOURCE } from '../domain/messages/bus-entry.ts';
import type { DeadLetterContext } from './dead-letter-context.ts';
import { markNotified } from './mark-notified.ts';
import { type ExhaustedRow, readExhausted } from './read-exhausted.ts';

interface Entry extends BusEntry {
  readonly row: ExhaustedRow;
}

interface Identity {
  readonly deliveryId: string;
  readonly generation: number;
}

/** Raised by the platform itself. They never raise further ones: a receiver that is down would echo for ever. */
const OPERATIONAL_TYPES = new Set(['delivery.dead_lettered', 'webhook.disabled', 'webhook.recovered']);

/**
 * Puts a `delivery.dead_lettered` on the bus for each exhausted delivery that has none yet.
 * @returns ids of the deliveries that the bus did not take.
 * @throws DatabaseFault
 */
export async function announce(
  context: DeadLetterContext,
  messages: readonly Identity[],
): Promise<ReadonlySet<string>> {
  if (messages.length === 0) return new Set();
  const { database, bus, log } = context;
  const rows = await database.query(readExhausted, batchOf(messages));
  const entries = rows.filter(({ eventType }) => !OPERATIONAL_TYPES.has(eventType)).map(entryOf);
  const failures = await bus.putAll(entries);
  const failed = new Set(failures.map(({ entry }) => entry.row.deliveryId));
  if (failures.length > 0) {
    log.error('dead_letters_not_announced', { code: failures[0]?.code, deliveryIds: [...failed] });
  }
  const told = rows.filter(({ deliveryId }) => !failed.has(deliveryId));
  if (told.length > 0) await database.query(markNotified, { ...batchOf(told), nowMs: context.now() });
  return failed;
}

function batchOf(items: readonly Identity[]) {
  const ids = items.map(({ deliveryId, generation }) => ({ d: deliveryId, g: generation }));
  return { messages: JSON.stringify(ids), ...idBounds(items.map(({ deliveryId }) => deliveryId)) };
}

function entryOf(row: ExhaustedRow): Entry {
  const { deliveryId, generation, accountId, webhookId, eventType, attempts, lastError } = row;
  const detail = {
    accountId,
    // The same for every announcement of this exhaustion, so that repeated ones are duplicates.
    eventId: `dead-letter:${deliveryId}:${generation}`,
    objectType: 'delivery',
    objectId: deliveryId,
    data: { deliveryId, webhookId, eventType, attempts, lastError },
  };
  return { source: OPERATIONAL_SOURCE, detailType: 'delivery.dead_lettered', detail: JSON.stringify(detail), row };
}
