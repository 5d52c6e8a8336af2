import type { History, HistoryRow } from './history.ts';
import { compareVersions } from './version.ts';

export type UndoPlan =
  /** To be undone, newest first; empty when there is nothing above the target. */
  | { readonly kind: 'ready'; readonly rows: readonly HistoryRow[] }
  | { readonly kind: 'unknown-version'; readonly known: readonly string[] };

/**
 * @param to the version to be left in force; `0` leaves none. Undefined undoes the newest one alone.
 */
export function planUndo(history: History, to: string | undefined): UndoPlan {
  const newestFirst = history.applied.toReversed();
  if (to === undefined) return { kind: 'ready', rows: newestFirst.slice(0, 1) };
  const known = ['0', ...history.applied.flatMap((row) => row.version ?? [])];
  if (history.baseline !== undefined) known.push(history.baseline);
  if (!known.some((version) => compareVersions(version, to) === 0)) return { kind: 'unknown-version', known };
  return {
    kind: 'ready',
    rows: newestFirst.filter((row) => row.version !== null && compareVersions(row.version, to) > 0),
  };
}
