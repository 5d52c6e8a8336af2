import type { Migration } from './bundle.ts';
import { currentVersion, type History, type HistoryRow } from './history.ts';
import { compareVersions, versionKey } from './version.ts';

export type MigrationPlan =
  | {
      readonly kind: 'ready';
      /** To be applied, in this order. */
      readonly pending: readonly Migration[];
      /** Applied by a newer bundle than this one: left alone. A rollback of the stack meets them. */
      readonly newer: readonly HistoryRow[];
    }
  | { readonly kind: 'conflict'; readonly problems: readonly string[] };

/**
 * Compares the bundle with the history by the rules of Flyway's `validate` in its default configuration, so that what
 * one of the two runs, the other accepts.
 * @param migrations ascending by version.
 */
export function planMigrations(migrations: readonly Migration[], history: History): MigrationPlan {
  const head = migrations.at(-1)?.version ?? '0';
  const newer = history.applied.filter((row) => isAfter(row.version, head));
  const problems = [
    ...history.failed.map((row) => `${row.script} is recorded as failed: repair what it left, then delete its row`),
    ...changed(migrations, history),
    ...missing(migrations, history, head),
  ];
  const current = currentVersion(history) ?? '0';
  const pending: Migration[] = [];
  for (const migration of unapplied(migrations, history)) {
    if (compareVersions(migration.version, current) > 0) pending.push(migration);
    else
      problems.push(
        `${migration.script} was never applied, but version ${current} after it was: give it a higher version`,
      );
  }
  return problems.length > 0 ? { kind: 'conflict', problems } : { kind: 'ready', pending, newer };
}

function unapplied(migrations: readonly Migration[], history: History): readonly Migration[] {
  const applied = new Set(history.applied.map((row) => versionKey(row.version ?? '0')));
  return migrations.filter(({ version }) => !applied.has(versionKey(version)) && isAfter(version, history.baseline));
}

function changed(migrations: readonly Migration[], history: History): readonly string[] {
  const byVersion = new Map(migrations.map((migration) => [versionKey(migration.version), migration]));
  return history.applied.flatMap((row) => {
    const migration = byVersion.get(versionKey(row.version ?? '0'));
    if (migration === undefined) return [];
    if (row.checksum !== null && row.checksum !== migration.checksum) {
      return [
        `${migration.script} was changed after it was applied: its checksum was ${row.checksum}, now it is ${migration.checksum}. ` +
          'Put it back as it was, and make the change in a new file',
      ];
    }
    if (row.description !== migration.description) {
      return [`${migration.script} was renamed after it was applied as ${row.script}`];
    }
    return [];
  });
}

function missing(migrations: readonly Migration[], history: History, head: string): readonly string[] {
  const known = new Set(migrations.map(({ version }) => versionKey(version)));
  return history.applied
    .filter((row) => !isAfter(row.version, head) && isAfter(row.version, history.baseline))
    .filter((row) => !known.has(versionKey(row.version ?? '0')))
    .map((row) => `${row.script} was applied, but is not among the migrations any more`);
}

/** @param bound undefined: every version is after it. */
function isAfter(version: string | null, bound: string | undefined): boolean {
  return bound === undefined || (version !== null && compareVersions(version, bound) > 0);
}
