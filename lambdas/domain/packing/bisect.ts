export interface BisectResult<Item, Result> {
  /** One result for each part that went through, in order of the items. */
  readonly results: readonly Result[];
  /** Items that fail even alone, each with what was thrown. */
  readonly poisoned: readonly { readonly item: Item; readonly error: unknown }[];
}

/**
 * Runs a batch as a whole; where it fails by a fault of the data, halves it until the poisonous records stand alone.
 * One such record among n costs about 2 · log₂ n further runs, and no neighbour its delivery.
 * @param isPoison whether an error is of the data (SQLSTATE class 22); any other error is thrown on, for it concerns
 *   the whole batch.
 * Source: design section 1.
 */
export async function bisect<Item, Result>(
  items: readonly Item[],
  run: (part: readonly Item[]) => Promise<Result>,
  isPoison: (error: unknown) => boolean,
): Promise<BisectResult<Item, Result>> {
  const [only, ...others] = items;
  if (only === undefined) return { results: [], poisoned: [] };
  try {
    return { results: [await run(items)], poisoned: [] };
  } catch (error) {
    if (!isPoison(error)) throw error;
    if (others.length === 0) return { results: [], poisoned: [{ item: only, error }] };
  }
  const middle = Math.ceil(items.length / 2);
  // One after the other: the halves would otherwise compete for the same rows' locks.
  const left = await bisect(items.slice(0, middle), run, isPoison);
  const right = await bisect(items.slice(middle), run, isPoison);
  return { results: [...left.results, ...right.results], poisoned: [...left.poisoned, ...right.poisoned] };
}
