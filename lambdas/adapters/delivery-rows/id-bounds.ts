import { uuidCeiling, uuidFloor, uuidTimeMs } from '../../domain/ids/uuid.ts';

/**
 * Parameters `low` and `high` around a batch's ids, whole milliseconds, so that they hold for delivery ids and event
 * uuids alike. A join on ids alone plans all partitions; with these bounds it plans one or two.
 * @throws RangeError when there are no ids.
 */
export function idBounds(ids: readonly string[]): { readonly low: string; readonly high: string } {
  const times = ids.map(uuidTimeMs);
  if (times.length === 0) throw new RangeError('a batch without ids has no bounds');
  return { low: uuidFloor(Math.min(...times)), high: uuidCeiling(Math.max(...times)) };
}
