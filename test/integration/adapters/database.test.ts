import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { z } from 'zod';
import { createDatabase, type Database, type Statement } from '../../../lambdas/adapters/database/database.ts';
import { isMissingPartition, mayBlameOneRecord } from '../../../lambdas/adapters/database/database-fault.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await startTestDatabase();
  database = createDatabase({
    clusterArn: testDatabase.clusterArn,
    secretArn: testDatabase.secretArn,
    databaseName: testDatabase.database,
    client: testDatabase.client({ maxAttempts: 1 }),
  });
});
afterAll(() => testDatabase.stop());

const value = (sql: string, isRepeatable = true): Statement<unknown> => ({ sql, isRepeatable, row: z.unknown() });
const one = value("SELECT json_build_object('n', 1)::text");
const fault = (sql: string, parameters = {}) =>
  database.query(value(sql), parameters).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a query', () => {
  it('binds each type of parameter and gives its rows parsed', async () => {
    const statement: Statement<{ n: number; f: number; b: boolean; t: string; gone: null }> = {
      isRepeatable: true,
      row: z.object({ n: z.number(), f: z.number(), b: z.boolean(), t: z.string(), gone: z.null() }),
      sql: "SELECT json_build_object('n', :n + 1, 'f', :f, 'b', :b, 't', :t || '!', 'gone', :gone::text)::text FROM generate_series(1, 2)",
    };
    const rows = await database.query(statement, { n: 41, f: 0.5, b: true, t: 'a"b', gone: null });
    expect(rows).toEqual([1, 2].map(() => ({ n: 42, f: 0.5, b: true, t: 'a"b!', gone: null })));
  });

  it('tells SQLSTATE, and whether waiting helps, without repeating what the database quoted', async () => {
    expect(await fault('SELECT :id::uuid::text', { id: 'my secret' })).toMatchObject({
      code: 'STATEMENT',
      sqlState: '22P02',
      retryable: false,
      message: expect.not.stringContaining('secret'),
    });
    expect(await fault('SELECT 1 FROM hook.nothing')).toMatchObject({ sqlState: '42P01' });
    const noPartition = await fault(
      "INSERT INTO hook.events (event_uuid, account_id, event_type, accepted_at) VALUES ('00000000-0000-7000-8000-000000000000', 'a', 't', now())",
    );
    expect(isMissingPartition(noPartition)).toBe(true);
    const tooLarge = await fault("SELECT repeat('x', 70000)");
    expect(tooLarge).toMatchObject({ code: 'REFUSED', retryable: false });
    expect(mayBlameOneRecord(tooLarge)).toBe(true);
  });

  it('repeats what met in a deadlock', async () => {
    await testDatabase.query("INSERT INTO hook.account_keys VALUES ('x', '0'), ('y', '0')");
    const twice = (first: string, second: string) =>
      database.query(
        value(
          `WITH a AS (UPDATE hook.account_keys SET wrapped_key = (wrapped_key::int + 1)::text WHERE account_id = :first RETURNING 1),
                s AS (SELECT pg_sleep(0.2) FROM a),
                b AS (UPDATE hook.account_keys SET wrapped_key = (wrapped_key::int + 1)::text
                       WHERE account_id = :second AND (SELECT count(*) FROM s) = 1 RETURNING 1)
           SELECT json_build_object('n', count(*))::text FROM b`,
        ),
        { first, second },
      );
    await Promise.all([twice('x', 'y'), twice('y', 'x')]);
    const [row] = await testDatabase.query(
      "SELECT sum(wrapped_key::int)::int AS sum FROM hook.account_keys WHERE account_id IN ('x', 'y')",
    );
    expect(row).toEqual({ sum: 4 });
  });
});

describe('a Data API that fails', () => {
  // These come from the service itself, where no local stand-in can be made to give them at will.
  const client = new RDSDataClient({ region: 'us-east-1' });
  const mock = mockClient(client);
  const mocked = createDatabase({ clusterArn: 'c', secretArn: 's', databaseName: 'd', client });
  const named = (name: string, code?: string) =>
    Object.assign(new Error(name), { name }, code === undefined ? {} : { code });
  const answer = { records: [[{ stringValue: '{"n":1}' }]] };
  afterEach(() => void mock.reset());

  it('is waited for while it resumes, inside the caller’s deadline alone', async () => {
    mock.on(ExecuteStatementCommand).rejectsOnce(named('DatabaseResumingException')).resolves(answer);
    expect(await mocked.query(one, {}, { resumeWaitMs: 5_000 })).toEqual([{ n: 1 }]);
    mock.reset();
    mock.on(ExecuteStatementCommand).rejects(named('DatabaseResumingException'));
    await expect(mocked.query(one, {})).rejects.toMatchObject({ code: 'RESUMING', retryable: true });
    expect(mock.calls()).toHaveLength(1);
  });

  it('is asked once more after a broken connection, for what may be repeated', async () => {
    mock.on(ExecuteStatementCommand).rejectsOnce(named('Error', 'ECONNRESET')).resolves(answer);
    expect(await mocked.query(one, {})).toEqual([{ n: 1 }]);
    mock.reset();
    mock.on(ExecuteStatementCommand).rejects(named('Error', 'ECONNRESET'));
    await expect(mocked.query(one, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(mock.calls()).toHaveLength(2);
    await expect(mocked.query(value(one.sql, false), {})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    });
    expect(mock.calls()).toHaveLength(3);
  });

  it.each([
    ['StatementTimeoutException', 'TIMEOUT'],
    ['TimeoutError', 'TIMEOUT'],
    ['DatabaseUnavailableException', 'UNAVAILABLE'],
    ['BadRequestException', 'REFUSED'],
  ])('%s is %s', async (name, code) => {
    mock.on(ExecuteStatementCommand).rejects(named(name));
    await expect(mocked.query(one, {})).rejects.toMatchObject({ code });
  });
});
