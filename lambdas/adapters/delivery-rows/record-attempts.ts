import type { AttemptRecord } from '../../domain/messages/delivery-message.ts';
import { bisect } from '../../domain/packing/bisect.ts';
import { DATABASE_CALL_MAX_BYTES, pack } from '../../domain/packing/pack.ts';
import type { Database } from '../database/database.ts';
import { isDatabaseFault, mayBlameOneRecord } from '../database/database-fault.ts';
import { idBounds } from './id-bounds.ts';
import { type RecordedRow, recordAttemptsStatement } from './record-attempts-statement.ts';

export interface RecordTimes {
  readonly nowMs: number;
  readonly openTtlMs: number;
  readonly callbackTimeoutMs: number;
}

/** Attempts in one call; each has at most 16 KB of body and 16 KB of headers. */
const MAX_ATTEMPTS = 50;

/**
 * Writes attempts and what they make of their deliveries. One that the database refuses is written once more without
 * what came from the receiver: its outcome must not be lost for an answer that cannot be stored. One that is refused
 * even so (of a day whose partition is gone) holds up no other.
 * @returns a row for each record, in any order; its `row` is null where there is none to be written to.
 * @throws DatabaseFault
 */
export async function recordAttempts(
  database: Database,
  records: readonly AttemptRecord[],
  times: RecordTimes,
): Promise<RecordedRow[]> {
  const recorded: RecordedRow[] = [];
  for (const part of rounds(records).flatMap((round) => packRecords(round))) {
    const run = (some: readonly AttemptRecord[]) => write(database, some, times);
    const { results, poisoned } = await bisect(part, run, mayBlameOneRecord);
    recorded.push(...results.flat());
    for (const { item } of poisoned) recorded.push(...(await writeBare(database, item, times)));
  }
  return recorded;
}

async function writeBare(database: Database, record: AttemptRecord, times: RecordTimes): Promise<RecordedRow[]> {
  try {
    return await write(database, [{ ...record, responseHeaders: [], responseBody: '' }], times);
  } catch (error) {
    // A call that the Data API refuses is not the fault of so small a record.
    if (!mayBlameOneRecord(error) || (isDatabaseFault(error) && error.code === 'REFUSED')) throw error;
    const { deliveryId, generation, attemptNumber } = record;
    return [{ deliveryId, generation, attemptNumber, row: null }];
  }
}

async function write(
  database: Database,
  records: readonly AttemptRecord[],
  times: RecordTimes,
): Promise<RecordedRow[]> {
  const attempts = `[${records.map(parameter).join()}]`;
  const bounds = idBounds(records.map(({ deliveryId }) => deliveryId));
  return database.query(recordAttemptsStatement, { attempts, ...bounds, ...times });
}

/** Each delivery once a statement: an UPDATE takes only one of several rows that match. */
function rounds(records: readonly AttemptRecord[]): AttemptRecord[][] {
  const found: AttemptRecord[][] = [];
  const seen = new Map<string, number>();
  for (const record of records) {
    const round = seen.get(record.deliveryId) ?? 0;
    seen.set(record.deliveryId, round + 1);
    const list = found[round] ?? [];
    list.push(record);
    found[round] = list;
  }
  return found;
}

/** Quotes and backslashes double in the request: twice the JSON is the most that it can take. */
function packRecords(records: readonly AttemptRecord[]): AttemptRecord[][] {
  const limits = { maxBytes: DATABASE_CALL_MAX_BYTES, maxCount: MAX_ATTEMPTS };
  return pack(records, limits, (record) => 2 * Buffer.byteLength(parameter(record)));
}

function parameter(record: AttemptRecord): string {
  return JSON.stringify({
    d: record.deliveryId,
    g: record.generation,
    n: record.attemptNumber,
    t: record.claimToken,
    s: record.startedAt,
    du: record.durationMs,
    hs: record.httpStatus,
    er: record.error,
    rh: JSON.stringify(record.responseHeaders),
    rb: record.responseBody,
    o: record.outcome,
    nx: record.nextRetryAt,
  });
}
