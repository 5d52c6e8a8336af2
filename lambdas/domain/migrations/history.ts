import { compareVersions, parseVersion, versionKey } from './version.ts';

/** A row of `hook.flyway_schema_history`. */
export interface HistoryRow {
  readonly installedRank: number;
  /** Null on Flyway's own row for the schema that it made, and on repeatable migrations. */
  readonly version: string | null;
  readonly description: string;
  readonly type: string;
  readonly script: string;
  readonly checksum: number | null;
  /** ISO 8601, as the server's clock had it. */
  readonly installedOn: string;
  readonly executionTimeMs: number;
  readonly isSuccess: boolean;
}

export interface History {
  /** What is in force now, ascending by version; neither undone rows nor Flyway's markers. */
  readonly applied: readonly HistoryRow[];
  /** A `BASELINE` row's version: everything up to it counts as done, by whoever baselined. */
  readonly baseline: string | undefined;
  /** Rows of migrations that Flyway could not roll back. */
  readonly failed: readonly HistoryRow[];
  readonly nextRank: number;
}

/** Types of rows that take a version out of force again: Flyway's paid undo, and what `repair` writes for a lost file. */
const REMOVING = new Set(['UNDO_SQL', 'UNDO_JDBC', 'DELETE']);

/** Reads the story that the rows tell in the order of their rank. */
export function readHistory(rows: readonly HistoryRow[]): History {
  const inForce = new Map<string, HistoryRow>();
  let baseline: string | undefined;
  for (const row of rows.toSorted((left, right) => left.installedRank - right.installedRank)) {
    const version = row.version === null ? undefined : parseVersion(row.version);
    if (version === undefined || !row.isSuccess) continue;
    if (REMOVING.has(row.type)) inForce.delete(versionKey(version));
    else if (row.type === 'BASELINE') baseline = version;
    else inForce.set(versionKey(version), { ...row, version });
  }
  return {
    applied: [...inForce.values()].toSorted((left, right) =>
      compareVersions(left.version ?? '0', right.version ?? '0'),
    ),
    baseline,
    failed: rows.filter((row) => !row.isSuccess),
    nextRank: Math.max(0, ...rows.map((row) => row.installedRank)) + 1,
  };
}

/** @returns the newest version in force, or null in a database that has none. */
export function currentVersion(history: History): string | null {
  return history.applied.at(-1)?.version ?? history.baseline ?? null;
}
