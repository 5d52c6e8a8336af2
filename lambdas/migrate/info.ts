import type { MigrationBundle } from '../domain/migrations/bundle.ts';
import { currentVersion, type History, type HistoryRow } from '../domain/migrations/history.ts';
import { planMigrations } from '../domain/migrations/plan.ts';
import { compareVersions, versionKey } from '../domain/migrations/version.ts';
import { loadHistory } from './history-table.ts';
import { inLockedTransaction, type MigrationSession } from './locked-transaction.ts';

export interface MigrationState {
  readonly version: string;
  readonly description: string;
  readonly script: string;
  /** `newer`: applied by a newer bundle than this one. */
  readonly state: 'applied' | 'pending' | 'newer';
  readonly installedOn: string | null;
  readonly executionTimeMs: number | null;
}

export interface MigrateInfoResult {
  /** Newest version in force, null in a database that has none. */
  readonly version: string | null;
  /** Ascending by version: all that are applied or in the bundle. */
  readonly migrations: readonly MigrationState[];
  /** What `up` would refuse to run on. */
  readonly problems: readonly string[];
}

/** Tells what is applied and what is not; changes nothing. */
export async function migrateInfo(session: MigrationSession, bundle: MigrationBundle): Promise<MigrateInfoResult> {
  const history = await inLockedTransaction(session, loadHistory);
  const plan = planMigrations(bundle.migrations, history);
  return {
    version: currentVersion(history),
    migrations: statesOf(bundle, history),
    problems: plan.kind === 'conflict' ? plan.problems : [],
  };
}

function statesOf(bundle: MigrationBundle, history: History): readonly MigrationState[] {
  const head = bundle.migrations.at(-1)?.version ?? '0';
  const applied = history.applied.map((row) => appliedState(row, head));
  const known = new Set(applied.map(({ version }) => versionKey(version)));
  const pending = bundle.migrations
    .filter(({ version }) => !known.has(versionKey(version)))
    .filter(({ version }) => history.baseline === undefined || compareVersions(version, history.baseline) > 0)
    .map(({ version, description, script }): MigrationState => {
      return { version, description, script, state: 'pending', installedOn: null, executionTimeMs: null };
    });
  return [...applied, ...pending].toSorted((left, right) => compareVersions(left.version, right.version));
}

function appliedState(row: HistoryRow, head: string): MigrationState {
  const { description, script, installedOn, executionTimeMs } = row;
  const version = row.version ?? '0';
  const state = compareVersions(version, head) > 0 ? 'newer' : 'applied';
  return { version, description, script, state, installedOn, executionTimeMs };
}
