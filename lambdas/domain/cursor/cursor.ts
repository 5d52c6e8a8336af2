import { invalidField } from '../api-error/api-error.ts';
import { isUuid } from '../ids/uuid.ts';

/** Opaque to clients: base64url of the last id of the page before. */
export function encodeCursor(lastId: string): string {
  return Buffer.from(lastId, 'utf8').toString('base64url');
}

/**
 * The id that a page starts after.
 * @param isId what the list's ids look like; UUIDs unless told otherwise.
 * @throws ApiError VALIDATION_ERROR on `cursor` for anything that `encodeCursor` did not make.
 * Source: design section 10.
 */
export function decodeCursor(cursor: string, isId: (text: string) => boolean = isUuid): string {
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (encodeCursor(id) !== cursor || !isId(id)) {
    throw invalidField('cursor', 'cursor is not one that this list returned');
  }
  return id;
}

export interface Page<Item> {
  readonly data: readonly Item[];
  readonly nextCursor: string | null;
}

/**
 * The answer of a list.
 * @param found up to `limit` + 1 items: the one too many tells that there is a next page.
 */
export function pageOf<Item>(found: readonly Item[], limit: number, idOf: (item: Item) => string): Page<Item> {
  const data = found.slice(0, limit);
  const last = data.at(-1);
  return { data, nextCursor: found.length > limit && last !== undefined ? encodeCursor(idOf(last)) : null };
}
