import type { SqlStatement } from '../domain/migrations/bundle.ts';
import { statementError } from '../domain/migrations/migration-error.ts';
import { DatabaseFault, type MigrationTransaction } from './migration-database.ts';

export interface RunnableScript {
  readonly script: string;
  readonly statements: readonly SqlStatement[];
}

/**
 * Runs the statements of one file, one call each.
 * @throws MigrationError STATEMENT_FAILED with file and line; its cause is the DatabaseFault.
 */
export async function runScript(
  transaction: MigrationTransaction,
  { script, statements }: RunnableScript,
): Promise<void> {
  for (const statement of statements) {
    try {
      await transaction.execute(statement.text);
    } catch (cause) {
      if (!(cause instanceof DatabaseFault)) throw cause;
      const { message, sqlState, position } = cause;
      throw statementError('STATEMENT_FAILED', { script, statement, message, sqlState, position, cause });
    }
  }
}
