import { BatchExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, callerOf, failureOf } from '../../support/data-api-caller.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

const STATEMENT_TIMEOUT_MS = 300;

describe('limits of the Data API', () => {
  let database: TestDatabase;
  let caller: Caller;
  beforeAll(async () => {
    database = await startTestDatabase({
      isMigrated: false,
      limits: { statementTimeoutMs: STATEMENT_TIMEOUT_MS },
    });
    caller = callerOf(database);
    await database.query('CREATE TABLE things (id int)');
  });
  afterAll(() => database.stop());

  it('64 KB a row', async () => {
    expect(await caller.failure("SELECT repeat('x', 65536)")).toBe('succeeded');
    expect(await caller.failure("SELECT repeat('x', 65537)")).toMatch(
      /^UnsupportedResultException: Packet for query is too large/,
    );
    expect(await caller.failure("SELECT repeat('x', 40000), repeat('y', 40000)")).toMatch(/too large/);
  });

  it('1 MiB a result', async () => {
    const rowsOf = (count: number): string => `SELECT repeat('x', 60000) FROM generate_series(1, ${count})`;
    expect(await caller.failure(rowsOf(17))).toBe('succeeded');
    expect(await caller.failure(rowsOf(18))).toBe(
      'UnsupportedResultException: The result exceeds the size limit 1 MB.',
    );
  });

  it('a statement whose result is too large has run all the same', async () => {
    const sql = "INSERT INTO things VALUES (77) RETURNING repeat('x', 70000)";
    expect(await caller.failure(sql)).toMatch(/^UnsupportedResultException/);
    expect(await database.query('SELECT id FROM things WHERE id = 77')).toHaveLength(1);
  });

  it('4 MiB a request', async () => {
    const withText = (length: number) => ({
      parameters: [{ name: 'a', value: { stringValue: 'x'.repeat(length) } }],
    });
    expect(await caller.failure('SELECT length(:a)', withText(4 * 1024 * 1024 - 1000))).toBe('succeeded');
    expect(await caller.failure('SELECT length(:a)', withText(4 * 1024 * 1024))).toMatch(/Request Entity Too Large/);
  });

  it('65,536 characters of SQL', async () => {
    expect(await caller.failure(`SELECT 1 --${'x'.repeat(65_536 - 11)}`)).toBe('succeeded');
    expect(await caller.failure(`SELECT 1 --${'x'.repeat(65_536 - 10)}`)).toMatch(/^ValidationException.*65536/);
  });

  it('one statement a call', async () => {
    expect(await caller.failure('SELECT 1; SELECT 2')).toBe("ValidationException: Multistatements aren't supported.");
    expect(await caller.failure('SELECT 1;')).toBe('succeeded');
  });

  it('no schema parameter', async () => {
    expect(await caller.failure('SELECT 1', { schema: 'hook' })).toBe(
      "ValidationException: The schema parameter isn't supported",
    );
  });

  it('a statement ends when its time is over', async () => {
    expect(await caller.failure('SELECT pg_sleep(30)::text')).toBe('StatementTimeoutException: Request timed out');
    expect(
      await database.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"),
    ).toEqual([]);
  });

  it('a cancellation before that is a database error', async () => {
    const failure = await caller.failure(
      "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'query_canceled', MESSAGE = 'not the time'; END $$",
    );
    expect(failure).toBe('DatabaseErrorException: ERROR: not the time; SQLState: 57014');
  });

  it('with continueAfterTimeout the call ends in time, and the statement runs on', async () => {
    const sql = 'INSERT INTO things SELECT 5 FROM pg_sleep(0.8)';
    expect(await caller.failure(sql, { continueAfterTimeout: true })).toBe(
      'StatementTimeoutException: Request timed out',
    );
    expect(await database.query('SELECT id FROM things WHERE id = 5')).toEqual([]);
    await eventually(async () => (await database.query('SELECT id FROM things WHERE id = 5')).length === 1);
  });

  it('the next call has its time limit again', async () => {
    await caller.execute('SELECT 1', { continueAfterTimeout: true });
    expect(await caller.failure('SELECT pg_sleep(30)::text')).toMatch(/^StatementTimeoutException/);
  });

  it('a batch goes set by set, and ends at the first failure', async () => {
    await database.query('DELETE FROM things');
    const client = database.client();
    const batch = (ids: number[]) =>
      client.send(
        new BatchExecuteStatementCommand({
          ...caller.target,
          sql: 'INSERT INTO things SELECT 10 / :id::int',
          parameterSets: ids.map((id) => [{ name: 'id', value: { longValue: id } }]),
        }),
      );
    expect((await batch([1, 2])).updateResults).toEqual([{ generatedFields: [] }, { generatedFields: [] }]);
    expect(await failureOf(batch([10, 0, 5]))).toMatch(/SQLState: 22012$/);
    // 10 / 10, 10 / 2 and 10 / 1; the set after the failing one was not performed.
    expect(await database.query('SELECT id FROM things ORDER BY id')).toEqual([{ id: 1 }, { id: 5 }, { id: 10 }]);
  });

  it('calls wait their turn when all connections are busy', async () => {
    const calls = Array.from({ length: 60 }, () => caller.one('SELECT 1 FROM pg_sleep(0.02)'));
    expect(await Promise.all(calls)).toEqual(calls.map(() => ({ longValue: 1 })));
  });
});
