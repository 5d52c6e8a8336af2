import type { Migration, SqlStatement, UndoScript } from '../domain/migrations/bundle.ts';
import { parseFileName, undoFileName } from '../domain/migrations/file-name.ts';
import type { MigrationTransaction } from './migration-database.ts';

/**
 * Undo scripts live in the database, next to the history: a stack that was rolled back to an older bundle can still undo
 * what a newer one did.
 */
const CREATE_TABLE = `
CREATE TABLE IF NOT EXISTS hook.migration_undo (
  version     varchar(50)  PRIMARY KEY,
  description varchar(200) NOT NULL,
  script      text         NOT NULL,
  statements  jsonb        NOT NULL,
  checksum    integer      NOT NULL
)`;

/** V6 takes these rights from hook_svc too, but where plain Flyway ran it this table was not there yet. */
const READ_ONLY = `
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hook_svc') THEN
    REVOKE ALL ON hook.migration_undo, hook.flyway_schema_history FROM hook_svc;
    IF has_schema_privilege('hook_svc', 'hook', 'USAGE') THEN
      GRANT SELECT ON hook.migration_undo, hook.flyway_schema_history TO hook_svc;
    END IF;
  END IF;
END
$$`;

const EXISTS = "SELECT (to_regclass('hook.migration_undo') IS NOT NULL)::text";

const UPSERT = `
INSERT INTO hook.migration_undo (version, description, script, statements, checksum)
VALUES (:version, :description, :script, CAST(:statements AS jsonb), CAST(:checksum AS integer))
ON CONFLICT (version) DO UPDATE
   SET description = excluded.description, script = excluded.script, statements = excluded.statements,
       checksum = excluded.checksum
 WHERE migration_undo.checksum <> excluded.checksum`;

const DELETE = 'DELETE FROM hook.migration_undo WHERE version = :version';

const LIST = "SELECT version || ' ' || checksum FROM hook.migration_undo";

const READ_DESCRIPTION = 'SELECT description FROM hook.migration_undo WHERE version = :version';
const READ_STATEMENTS = `
SELECT statement::text
  FROM hook.migration_undo, jsonb_array_elements(statements) WITH ORDINALITY AS s (statement, place)
 WHERE version = :version
 ORDER BY place`;

export interface StoredUndo {
  readonly script: string;
  readonly statements: readonly SqlStatement[];
}

async function exists(transaction: MigrationTransaction): Promise<boolean> {
  const [answer] = await transaction.query(EXISTS);
  return answer === 'true';
}

/** Both tables of the runner must be there. */
export async function ensureUndoTable(transaction: MigrationTransaction): Promise<void> {
  await transaction.execute(CREATE_TABLE);
  await transaction.execute(READ_ONLY);
}

export async function storeUndo(transaction: MigrationTransaction, version: string, undo: UndoScript): Promise<void> {
  const { source, checksum } = undo;
  const description = parseFileName(undo.script)?.description ?? '';
  const statements = JSON.stringify(undo.statements);
  await transaction.execute(UPSERT, { version, description, script: source, statements, checksum });
}

/** Stores what is missing or was mended since: after a plain Flyway, and when a U file changed in a newer bundle. */
export async function storeMissingUndo(
  transaction: MigrationTransaction,
  applied: readonly Migration[],
): Promise<void> {
  const stored = new Set(await transaction.query(LIST));
  for (const { version, undo } of applied) {
    if (undo !== null && !stored.has(`${version} ${undo.checksum}`)) await storeUndo(transaction, version, undo);
  }
}

/** @returns undefined when the database keeps none for this version. */
export async function loadUndo(transaction: MigrationTransaction, version: string): Promise<StoredUndo | undefined> {
  if (!(await exists(transaction))) return undefined;
  const [description] = await transaction.query(READ_DESCRIPTION, { version });
  if (description === undefined) return undefined;
  const rows = await transaction.query(READ_STATEMENTS, { version });
  return { script: undoFileName(version, description), statements: rows.map((row): SqlStatement => JSON.parse(row)) };
}

export async function forgetUndo(transaction: MigrationTransaction, version: string): Promise<void> {
  if (await exists(transaction)) await transaction.execute(DELETE, { version });
}
