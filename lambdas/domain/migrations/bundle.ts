/** Migrations as they are shipped: split into statements when the bundle is built, for the Data API takes one a call. */
export interface SqlStatement {
  /** 1-based line in the file where its first token stands; comments before it are left out. */
  readonly line: number;
  /** Without the semicolon that ended it. */
  readonly text: string;
}

export interface SqlScript {
  /** File name, such as `V6__grant_hook_svc.sql`: what Flyway keeps in its column `script`. */
  readonly script: string;
  /** Flyway's: see `flyway-checksum.ts`. */
  readonly checksum: number;
  readonly statements: readonly SqlStatement[];
}

export interface UndoScript extends SqlScript {
  /** The whole file, kept in the database for the people who will read it there. */
  readonly source: string;
}

export interface Migration extends SqlScript {
  /** Dots between its parts, as Flyway shows it: `6`, `6.1`. */
  readonly version: string;
  readonly description: string;
  readonly undo: UndoScript | null;
}

export interface MigrationBundle {
  /** SHA-256 over what the bundle was built from; tells whether it has to be built again. */
  readonly sourceHash: string;
  /** Ascending by version. */
  readonly migrations: readonly Migration[];
}
