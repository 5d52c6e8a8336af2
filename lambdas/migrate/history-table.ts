import type { Migration } from '../domain/migrations/bundle.ts';
import { type History, type HistoryRow, readHistory } from '../domain/migrations/history.ts';
import type { MigrationTransaction } from './migration-database.ts';

/** Flyway's own DDL of its table (PostgreSQLDatabase.getRawCreateScript, 11.8), so that it finds what it would make. */
const CREATE_TABLE = `
CREATE TABLE hook.flyway_schema_history (
  installed_rank integer       NOT NULL,
  version        varchar(50),
  description    varchar(200)  NOT NULL,
  type           varchar(20)   NOT NULL,
  script         varchar(1000) NOT NULL,
  checksum       integer,
  installed_by   varchar(100)  NOT NULL,
  installed_on   timestamp     NOT NULL DEFAULT now(),
  execution_time integer       NOT NULL,
  success        boolean       NOT NULL,
  CONSTRAINT flyway_schema_history_pk PRIMARY KEY (installed_rank)
)`;
const CREATE_INDEX = 'CREATE INDEX flyway_schema_history_s_idx ON hook.flyway_schema_history (success)';

const EXISTS = "SELECT (to_regclass('hook.flyway_schema_history') IS NOT NULL)::text";

// One text a row: a result may hold 1 MiB, but one row of it 64 KB (AuroraUserGuide data-api.limitations).
const READ = `
SELECT json_build_object(
         'installedRank', installed_rank, 'version', version, 'description', description, 'type', type,
         'script', script, 'checksum', checksum, 'installedOn', installed_on, 'executionTimeMs', execution_time,
         'isSuccess', success)::text
  FROM hook.flyway_schema_history
 ORDER BY installed_rank`;

const INSERT = `
INSERT INTO hook.flyway_schema_history
       (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
VALUES (CAST(:rank AS integer), :version, :description, 'SQL', :script, CAST(:checksum AS integer), current_user,
        CAST(:duration AS integer), true)`;

const DELETE = 'DELETE FROM hook.flyway_schema_history WHERE installed_rank = CAST(:rank AS integer)';

async function exists(transaction: MigrationTransaction): Promise<boolean> {
  const [answer] = await transaction.query(EXISTS);
  return answer === 'true';
}

/** Makes the table when neither this runner nor Flyway has made it. The schema must be there. */
export async function ensureHistoryTable(transaction: MigrationTransaction): Promise<void> {
  if (await exists(transaction)) return;
  await transaction.execute(CREATE_TABLE);
  await transaction.execute(CREATE_INDEX);
}

/** Reads the history; an empty one where there is no table yet. */
export async function loadHistory(transaction: MigrationTransaction): Promise<History> {
  if (!(await exists(transaction))) return readHistory([]);
  const rows = await transaction.query(READ);
  return readHistory(rows.map((row): HistoryRow => JSON.parse(row)));
}

export interface AppliedFile {
  readonly rank: number;
  readonly migration: Migration;
  readonly durationMs: number;
}

export async function recordApplied(transaction: MigrationTransaction, file: AppliedFile): Promise<void> {
  const { version, description, script, checksum } = file.migration;
  const duration = Math.round(file.durationMs);
  await transaction.execute(INSERT, { rank: file.rank, version, description, script, checksum, duration });
}

/**
 * Takes an undone version out of the history. Flyway's paid editions add a row of type UNDO_SQL instead; its free one
 * knows no such type, and every command of it stops at that row (tried with 11.8.2: "No enum constant").
 */
export async function deleteApplied(transaction: MigrationTransaction, row: HistoryRow): Promise<void> {
  await transaction.execute(DELETE, { rank: row.installedRank });
}
