import { MigrationError } from '../domain/migrations/migration-error.ts';
import { DatabaseFault, type MigrationDatabase, type MigrationTransaction } from './migration-database.ts';
import type { RunTime } from './run-time.ts';

/**
 * Flyway's own advisory lock for `"hook"."flyway_schema_history"`: its magic number 77431708279161 plus the Java hash of
 * the table's name. So a plain Flyway that runs at the same time waits for this runner, and this runner for it.
 * Source: org.flywaydb.database.postgresql.PostgreSQLAdvisoryLockTemplate.
 */
export const MIGRATION_LOCK = 77_432_706_140_147;

/** Below the 45 s in which the Data API ends a statement. */
const LOCK_WAIT = '30s';
/**
 * A statement that waits for a table's lock makes everyone behind it wait too: better to let them pass and come again.
 * `DO` blocks and functions that set their own are not touched by it.
 */
const STATEMENT_LOCK_WAIT = '10s';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

export interface MigrationSession {
  readonly database: MigrationDatabase;
  readonly time: RunTime;
  readonly onRetry?: ((fault: DatabaseFault, waitMs: number) => void) | undefined;
}

/**
 * Runs `work` in a transaction that holds the migration lock, and commits it. Faults that pass (a resuming cluster, a
 * lock not had, a broken connection) begin it anew until the deadline, so `work` must read the history by itself: a
 * commit whose answer was lost may have happened.
 * @param passing SQLSTATEs that are worth another try in this transaction besides the usual ones.
 * @throws MigrationError OUT_OF_TIME; DatabaseFault and whatever `work` throws.
 */
export async function inLockedTransaction<T>(
  session: MigrationSession,
  work: (transaction: MigrationTransaction) => Promise<T>,
  passing: readonly string[] = [],
): Promise<T> {
  const { now, sleep, deadlineMs } = session.time;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await tryOnce(session.database, work);
    } catch (error) {
      const fault = passingFault(error, passing);
      if (fault === undefined) throw error;
      if (now() + waitMs >= deadlineMs) throw outOfTime(error, fault);
      session.onRetry?.(fault, waitMs);
      await sleep(waitMs);
    }
  }
}

async function tryOnce<T>(
  database: MigrationDatabase,
  work: (transaction: MigrationTransaction) => Promise<T>,
): Promise<T> {
  const transaction = await database.begin();
  try {
    await takeLock(transaction);
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    // What counts is the first error; a transaction that cannot be rolled back ends by itself within 3 minutes
    // (AuroraUserGuide data-api.calling: no calls for three minutes).
    await transaction.rollback().catch(() => undefined);
    throw error;
  }
}

async function takeLock(transaction: MigrationTransaction): Promise<void> {
  await transaction.execute(`SET LOCAL lock_timeout = '${LOCK_WAIT}'`);
  // Cast: the Data API has no result type for void.
  await transaction.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})::text`);
  await transaction.execute(`SET LOCAL lock_timeout = '${STATEMENT_LOCK_WAIT}'`);
}

function passingFault(error: unknown, passing: readonly string[]): DatabaseFault | undefined {
  const fault = error instanceof MigrationError ? error.cause : error;
  if (!(fault instanceof DatabaseFault)) return undefined;
  const isPassing = fault.retryable || (fault.sqlState !== undefined && passing.includes(fault.sqlState));
  return isPassing ? fault : undefined;
}

function outOfTime(error: unknown, fault: DatabaseFault): MigrationError {
  const reason = error instanceof MigrationError ? error.message : `${fault.code}: ${fault.message}`;
  return new MigrationError('OUT_OF_TIME', `no time left to try again after ${reason}`, {
    sqlState: fault.sqlState,
    cause: error,
  });
}
