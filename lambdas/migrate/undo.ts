import type { MigrationBundle } from '../domain/migrations/bundle.ts';
import { currentVersion, type HistoryRow } from '../domain/migrations/history.ts';
import { MigrationError } from '../domain/migrations/migration-error.ts';
import { planUndo } from '../domain/migrations/undo-plan.ts';
import { versionKey } from '../domain/migrations/version.ts';
import { deleteApplied, loadHistory } from './history-table.ts';
import { inLockedTransaction, type MigrationSession } from './locked-transaction.ts';
import type { MigrationTransaction } from './migration-database.ts';
import { type RunnableScript, runScript } from './script-run.ts';
import { forgetUndo, loadUndo } from './undo-scripts.ts';
import type { FinishedScript } from './up.ts';

export interface MigrateUndoProps {
  readonly session: MigrationSession;
  /** Its undo scripts are used for versions of which the database keeps none: plain Flyway applied them. */
  readonly bundle: MigrationBundle;
  /** Version to be left in force, `0` for none. Absent: the newest version alone is undone. */
  readonly to?: string | undefined;
  readonly onUndone?: ((file: FinishedScript) => void) | undefined;
}

export interface MigrateUndoResult {
  /** Newest version still in force. */
  readonly version: string | null;
  readonly undone: readonly FinishedScript[];
}

/**
 * Undoes versions from the newest down, each in a transaction of its own, by the scripts that the database keeps.
 * @throws MigrationError UNKNOWN_VERSION, NO_UNDO_SCRIPT (both before anything was undone), STATEMENT_FAILED, OUT_OF_TIME
 */
export async function migrateUndo(props: MigrateUndoProps): Promise<MigrateUndoResult> {
  const { session } = props;
  // Settled once: were "the newest" asked again after a commit whose answer was lost, two versions would go.
  const to = await inLockedTransaction(session, (transaction) => checkedTarget(transaction, props));
  const undone: FinishedScript[] = [];
  for (;;) {
    const file = await inLockedTransaction(session, (transaction) => undoNewest(transaction, props, to));
    if (file === undefined) break;
    undone.push(file);
    props.onUndone?.(file);
  }
  const version = await inLockedTransaction(session, async (transaction) =>
    currentVersion(await loadHistory(transaction)),
  );
  return { version, undone };
}

async function checkedTarget(transaction: MigrationTransaction, props: MigrateUndoProps): Promise<string> {
  const rows = await rowsAbove(transaction, props.to);
  for (const row of rows) await scriptOf(transaction, props.bundle, row);
  if (props.to !== undefined) return props.to;
  const history = await loadHistory(transaction);
  return history.applied.at(-2)?.version ?? history.baseline ?? '0';
}

async function rowsAbove(transaction: MigrationTransaction, to: string | undefined): Promise<readonly HistoryRow[]> {
  const plan = planUndo(await loadHistory(transaction), to);
  if (plan.kind === 'ready') return plan.rows;
  const message = `version ${to} is not in the database; it has ${plan.known.join(', ')}`;
  throw new MigrationError('UNKNOWN_VERSION', message);
}

async function undoNewest(
  transaction: MigrationTransaction,
  { bundle }: MigrateUndoProps,
  to: string,
): Promise<FinishedScript | undefined> {
  const [row] = await rowsAbove(transaction, to);
  if (row === undefined || row.version === null) return undefined;
  const undo = await scriptOf(transaction, bundle, row);
  const startedAt = performance.now();
  await runScript(transaction, undo);
  await deleteApplied(transaction, row);
  await forgetUndo(transaction, row.version);
  return { version: row.version, script: undo.script, durationMs: performance.now() - startedAt };
}

async function scriptOf(
  transaction: MigrationTransaction,
  bundle: MigrationBundle,
  row: HistoryRow,
): Promise<RunnableScript> {
  const version = row.version ?? '0';
  const known = bundle.migrations.find((migration) => versionKey(migration.version) === versionKey(version));
  const undo = (await loadUndo(transaction, version)) ?? known?.undo;
  if (undo) return undo;
  throw new MigrationError('NO_UNDO_SCRIPT', `${row.script} has no undo script: nothing was undone`, {
    script: row.script,
  });
}
