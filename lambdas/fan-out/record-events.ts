import type { Database } from '../adapters/database/database.ts';
import { isMissingPartition, mayBlameOneRecord } from '../adapters/database/database-fault.ts';
import { idBounds } from '../adapters/delivery-rows/id-bounds.ts';
import { ensurePartitions } from '../adapters/partitions/ensure-partitions.ts';
import { uuidCeiling, uuidFloor, uuidTimeMs } from '../domain/ids/uuid.ts';
import { bisect } from '../domain/packing/bisect.ts';
import { DATABASE_CALL_MAX_BYTES, pack } from '../domain/packing/pack.ts';
import { eventParameter, type InsertedRow, insertEvents } from './insert-events.ts';
import type { FanOutEvent } from './read-envelope.ts';

export interface Lease {
  readonly token: string;
  readonly claimedUntilMs: number;
  readonly nowMs: number;
  readonly expiresMs: number;
}

export interface RecordedEvents {
  readonly rows: readonly InsertedRow[];
  /** Events that the database refuses even alone. */
  readonly poisoned: ReadonlyArray<{ readonly event: FanOutEvent; readonly error: unknown }>;
}

interface Row {
  readonly event: FanOutEvent;
  readonly json: string;
}

/** A key resolves for 48 h after its winner's acceptance. Source: design section 2. */
const KEY_LIFETIME_MS = 48 * 3_600_000;

/** 400 events with ten webhooks each are 4,000 rows of 110 bytes: well under the 1 MiB of a result. */
const MAX_EVENTS = 400;

/** Events in parts that one call takes; escaping a JSON text in the request at most doubles it. */
export function packEvents(events: readonly FanOutEvent[]): FanOutEvent[][] {
  const limits = { maxBytes: DATABASE_CALL_MAX_BYTES, maxCount: MAX_EVENTS };
  return pack(events, limits, (event) => 2 * Buffer.byteLength(eventParameter(event)));
}

/** @throws DatabaseFault that concerns all of them. */
export async function recordEvents(
  database: Database,
  events: readonly FanOutEvent[],
  lease: Lease,
): Promise<RecordedEvents> {
  const rows = events.map((event): Row => ({ event, json: eventParameter(event) }));
  const run = (part: readonly Row[]) => withPartitions(database, part, lease);
  const isPoison = (error: unknown) => mayBlameOneRecord(error);
  const { results, poisoned } = await bisect(rows, run, isPoison);
  return { rows: results.flat(), poisoned: poisoned.map(({ item, error }) => ({ event: item.event, error })) };
}

/** The daily run makes partitions 14 days ahead; where it has not run, the first event of a day makes its own. */
async function withPartitions(database: Database, rows: readonly Row[], lease: Lease): Promise<InsertedRow[]> {
  const parameters = { events: `[${rows.map(({ json }) => json).join()}]`, ...lease, ...olderBounds(rows) };
  const insert = () => database.query(insertEvents, parameters);
  try {
    return await insert();
  } catch (error) {
    if (!isMissingPartition(error)) throw error;
    const times = rows.map(({ event }) => event.acceptedAtMs);
    const firstDay = utcDay(Math.min(...times));
    await database.query(ensurePartitions, { firstDay, lastDay: utcDay(Math.max(...times)) });
    return await insert();
  }
}

/** Where older deliveries may be: at their events' own time, or at that of a key's winner, 48 h off at most. */
function olderBounds(rows: readonly Row[]): { readonly low: string; readonly high: string } {
  const bounds = idBounds(rows.map(({ event }) => event.eventUuid));
  if (rows.every(({ event }) => event.key === null)) return bounds;
  return {
    low: uuidFloor(Math.max(0, uuidTimeMs(bounds.low) - KEY_LIFETIME_MS)),
    high: uuidCeiling(uuidTimeMs(bounds.high) + KEY_LIFETIME_MS),
  };
}

function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
