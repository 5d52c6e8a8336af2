/** A queue call: 10 entries, and 1 MiB in all (SQS SendMessageBatch) with room for attributes. Source: design section 1. */
export const QUEUE_CALL: PackLimits = { maxBytes: 900_000, maxCount: 10 };
/** A Data API call: a request has at most 4 MiB (Aurora User Guide, data-api.limitations). Source: design section 1. */
export const DATABASE_CALL_MAX_BYTES = 3_000_000;

export interface PackLimits {
  readonly maxBytes: number;
  readonly maxCount: number;
}

/**
 * Packs items into batches, in order, each within both limits. An item that alone is over the bytes gets a batch of its
 * own: whether it can be sent at all is for the caller, who knows what it is.
 * @param bytesOf size of an item as it will be sent.
 * @throws RangeError when a limit is not positive.
 */
export function pack<Item>(
  items: readonly Item[],
  { maxBytes, maxCount }: PackLimits,
  bytesOf: (item: Item) => number,
): Item[][] {
  if (!(maxBytes > 0 && maxCount >= 1)) throw new RangeError('limits must be positive');
  const batches: Item[][] = [];
  let batch: Item[] = [];
  let batchBytes = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    if (batch.length > 0 && (batch.length >= maxCount || batchBytes + bytes > maxBytes)) {
      batches.push(batch);
      batch = [];
      batchBytes = 0;
    }
    batch.push(item);
    batchBytes += bytes;
  }
  return batch.length === 0 ? batches : [...batches, batch];
}
