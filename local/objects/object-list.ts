/** One page of a list. Source: S3 API Reference, ListObjectsV2. */
import { compareUtf8, type KeyOrder } from './key-order.ts';

export interface ListProps {
  readonly prefix: string;
  /** Exclusive. */
  readonly startAfter: string;
  /** 0 to 1,000. */
  readonly maxKeys: number;
  readonly delimiter: string | undefined;
  /** From the page before; then `startAfter` no longer counts. */
  readonly continuationToken: string | undefined;
}

export interface ListPage {
  readonly keys: readonly string[];
  readonly commonPrefixes: readonly string[];
  /** Undefined on the last page. */
  readonly nextToken: string | undefined;
}

/** Keys and common prefixes count alike towards `maxKeys`. */
export function listPage(order: KeyOrder, props: ListProps): ListPage {
  const { prefix, maxKeys, continuationToken } = props;
  const after = continuationToken === undefined ? props.startAfter : readToken(continuationToken);
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last = after;
  for (const key of order.from(compareUtf8(after, prefix) > 0 ? after : prefix)) {
    if (!key.startsWith(prefix)) break;
    const group = commonPrefix(key, props);
    // A page may have ended with a common prefix: the rest of its keys comes after it, and is part of it.
    if (key === after || group === last) continue;
    if (keys.length + commonPrefixes.length >= maxKeys) {
      return { keys, commonPrefixes, nextToken: maxKeys === 0 ? undefined : writeToken(last) };
    }
    last = group ?? key;
    if (group === undefined) keys.push(key);
    else commonPrefixes.push(group);
  }
  return { keys, commonPrefixes, nextToken: undefined };
}

function commonPrefix(key: string, { prefix, delimiter }: ListProps): string | undefined {
  if (delimiter === undefined || delimiter === '') return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

function writeToken(last: string): string {
  return Buffer.from(last).toString('base64url');
}

function readToken(token: string): string {
  return Buffer.from(token, 'base64url').toString();
}
