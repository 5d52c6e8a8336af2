import type { MigrationBundle } from '../domain/migrations/bundle.ts';
import { currentVersion, type History } from '../domain/migrations/history.ts';
import { MigrationError } from '../domain/migrations/migration-error.ts';
import { planMigrations } from '../domain/migrations/plan.ts';
import { versionKey } from '../domain/migrations/version.ts';
import { ensureHistoryTable, loadHistory, recordApplied } from './history-table.ts';
import { inLockedTransaction, type MigrationSession } from './locked-transaction.ts';
import type { MigrationTransaction } from './migration-database.ts';
import { runScript } from './script-run.ts';
import { ROLE_CONFLICTS, setServiceLogin } from './service-login.ts';
import { ensureUndoTable, storeMissingUndo, storeUndo } from './undo-scripts.ts';

export interface FinishedScript {
  readonly version: string;
  readonly script: string;
  readonly durationMs: number;
}

export interface MigrateUpProps {
  readonly session: MigrationSession;
  readonly bundle: MigrationBundle;
  /** Of `hook_svc`. Absent: its login is left as it is. */
  readonly servicePassword?: string | undefined;
  readonly onApplied?: ((file: FinishedScript) => void) | undefined;
}

export interface MigrateUpResult {
  /** Newest version in force; null when there are no migrations at all. */
  readonly version: string | null;
  /** What this run applied; other runs at the same time may have applied the rest. */
  readonly applied: readonly FinishedScript[];
  readonly warnings: readonly string[];
}

type Step =
  | { readonly kind: 'applied'; readonly file: FinishedScript }
  | { readonly kind: 'at head'; readonly version: string | null; readonly warnings: readonly string[] };

/**
 * Brings the database to the head of the bundle, each file in a transaction of its own. Any number of runs may happen at
 * once: the lock is taken, the history read again, and the next file that is still pending applied.
 * @throws MigrationError STATEMENT_FAILED (the files before it stay), HISTORY_CONFLICT, OUT_OF_TIME, INVALID_SERVICE_PASSWORD
 * @throws DatabaseFault when the database refuses for a reason that does not pass (no grant, a wrong secret).
 */
export async function migrateUp(props: MigrateUpProps): Promise<MigrateUpResult> {
  const { session, bundle } = props;
  await inLockedTransaction(session, (transaction) => prepare(transaction, props.servicePassword), ROLE_CONFLICTS);
  const applied: FinishedScript[] = [];
  for (;;) {
    const step = await inLockedTransaction(session, (transaction) => applyNext(transaction, bundle));
    if (step.kind === 'at head') return { version: step.version, applied, warnings: step.warnings };
    applied.push(step.file);
    props.onApplied?.(step.file);
  }
}

/** The history lives in the schema that V1 makes, so the schema comes first; the login comes before V6 grants to it. */
async function prepare(transaction: MigrationTransaction, servicePassword: string | undefined): Promise<void> {
  await transaction.execute('CREATE SCHEMA IF NOT EXISTS hook');
  await ensureHistoryTable(transaction);
  if (servicePassword !== undefined) await setServiceLogin(transaction, servicePassword);
  await ensureUndoTable(transaction);
}

async function applyNext(transaction: MigrationTransaction, bundle: MigrationBundle): Promise<Step> {
  const history = await loadHistory(transaction);
  const plan = planMigrations(bundle.migrations, history);
  if (plan.kind === 'conflict') throw new MigrationError('HISTORY_CONFLICT', plan.problems.join('; '));
  const [migration] = plan.pending;
  if (migration === undefined) {
    if (plan.newer.length === 0) await storeMissingUndo(transaction, appliedOf(bundle, history));
    return {
      kind: 'at head',
      version: currentVersion(history),
      warnings: warningsOf(bundle, plan.newer.length, history),
    };
  }
  const startedAt = performance.now();
  await runScript(transaction, migration);
  const durationMs = performance.now() - startedAt;
  await recordApplied(transaction, { rank: history.nextRank, migration, durationMs });
  if (migration.undo !== null) await storeUndo(transaction, migration.version, migration.undo);
  return { kind: 'applied', file: { version: migration.version, script: migration.script, durationMs } };
}

function appliedOf(bundle: MigrationBundle, history: History) {
  const applied = new Set(history.applied.map((row) => versionKey(row.version ?? '0')));
  return bundle.migrations.filter(({ version }) => applied.has(versionKey(version)));
}

function warningsOf(bundle: MigrationBundle, newer: number, history: History): readonly string[] {
  if (newer === 0) return [];
  const head = bundle.migrations.at(-1)?.version ?? 'none';
  return [
    `the database is at version ${currentVersion(history)}, newer than this bundle's ${head}: left as it is. ` +
      'Migrations only add, so older functions run on it; `tidegate migrate undo` takes it back',
  ];
}
