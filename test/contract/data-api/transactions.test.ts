import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  type RDSDataClient,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, callerOf, failureOf } from '../../support/data-api-caller.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

const IDLE_MS = 400;
const LIFETIME_MS = 1200;

describe('transactions of the Data API', () => {
  let database: TestDatabase;
  let caller: Caller;
  let client: RDSDataClient;
  beforeAll(async () => {
    database = await startTestDatabase({
      isMigrated: false,
      limits: { transactionIdleMs: IDLE_MS, transactionLifetimeMs: LIFETIME_MS },
    });
    caller = callerOf(database);
    client = database.client({ maxAttempts: 1 });
    await database.query('CREATE TABLE things (id int PRIMARY KEY)');
  });
  afterEach(() => database.query('DELETE FROM things'));
  afterAll(() => database.stop());

  const begin = async (): Promise<string> => {
    const { transactionId } = await client.send(new BeginTransactionCommand(caller.target));
    if (transactionId === undefined) throw new Error('no transaction id');
    return transactionId;
  };
  const ends = (transactionId: string) => ({
    resourceArn: caller.target.resourceArn,
    secretArn: caller.target.secretArn,
    transactionId,
  });
  const commit = (id: string) => client.send(new CommitTransactionCommand(ends(id)));
  const rollback = (id: string) => client.send(new RollbackTransactionCommand(ends(id)));
  const things = () => database.query('SELECT id FROM things ORDER BY id');
  const openTransactions = async (): Promise<number> =>
    (await database.query("SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")).length;

  it('commits what was done in it, and shows it to nobody before', async () => {
    const transactionId = await begin();
    await caller.execute('INSERT INTO things VALUES (1)', { transactionId });
    expect(await things()).toEqual([]);
    expect((await commit(transactionId)).transactionStatus).toBe('Transaction Committed');
    expect(await things()).toEqual([{ id: 1 }]);
  });

  it('rolls back', async () => {
    const transactionId = await begin();
    await caller.execute('INSERT INTO things VALUES (1)', { transactionId });
    expect((await rollback(transactionId)).transactionStatus).toBe('Rollback Complete');
    expect(await things()).toEqual([]);
    expect(await caller.failure('SELECT 1', { transactionId })).toBe(
      `TransactionNotFoundException: Transaction ${transactionId} is not found. One previous call resulted in a termination of your transaction.`,
    );
  });

  it('refuses a second call while one runs, and keeps the first', async () => {
    const transactionId = await begin();
    const slow = caller.execute('INSERT INTO things SELECT 1 FROM pg_sleep(0.3)', { transactionId });
    await eventually(
      async () =>
        (
          await database.query(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.3)%' AND state = 'active' AND pid <> pg_backend_pid()",
          )
        ).length === 1,
    );
    const busy = 'DatabaseErrorException: Transaction is still running a query';
    expect(await caller.failure('SELECT 1', { transactionId })).toBe(busy);
    expect(await failureOf(commit(transactionId))).toBe(busy);
    await slow;
    await commit(transactionId);
    expect(await things()).toEqual([{ id: 1 }]);
  });

  it('stays usable after a failure only for what PostgreSQL allows', async () => {
    const transactionId = await begin();
    await caller.execute('SAVEPOINT before', { transactionId });
    expect(await caller.failure('SELECT 1/0', { transactionId })).toMatch(/SQLState: 22012$/);
    expect(await caller.failure('SELECT 1', { transactionId })).toMatch(/SQLState: 25P02$/);
    await caller.execute('ROLLBACK TO before', { transactionId });
    await caller.execute('INSERT INTO things VALUES (3)', { transactionId });
    await commit(transactionId);
    expect(await things()).toEqual([{ id: 3 }]);
  });

  it('never answers success to the commit of a failed transaction', async () => {
    const transactionId = await begin();
    await caller.execute('INSERT INTO things VALUES (1)', { transactionId });
    await caller.failure('SELECT 1/0', { transactionId });
    expect(await failureOf(commit(transactionId))).toMatch(
      /^TransactionNotFoundException: .* aborted due to an error from a previous call\.$/,
    );
    expect(await things()).toEqual([]);
  });

  it('dies when no call comes', async () => {
    const transactionId = await begin();
    await caller.execute('INSERT INTO things VALUES (1)', { transactionId });
    await eventually(async () => (await openTransactions()) === 0);
    expect(await failureOf(commit(transactionId))).toBe(
      `TransactionNotFoundException: Transaction ${transactionId} is not found. Transaction may be expired.`,
    );
    expect(await things()).toEqual([]);
  });

  it('dies of age, however busy', async () => {
    const transactionId = await begin();
    const startedAt = performance.now();
    await eventually(async () => (await caller.failure('SELECT 1', { transactionId })) !== 'succeeded');
    const ageMs = performance.now() - startedAt;
    expect(ageMs).toBeGreaterThan(IDLE_MS * 2);
    expect(await caller.failure('SELECT 1', { transactionId })).toMatch(/Transaction may be expired\.$/);
  });

  it('does not end under a statement that runs when its time comes', async () => {
    const transactionId = await begin();
    await caller.execute('INSERT INTO things SELECT 1 FROM pg_sleep(1.4)', { transactionId });
    expect(await caller.failure('SELECT 1', { transactionId })).toMatch(/Transaction may be expired\.$/);
    await eventually(async () => (await openTransactions()) === 0);
    expect(await things()).toEqual([]);
  });

  it('is of one user and one database', async () => {
    const transactionId = await begin();
    const other = await caller.failure('SELECT 1', { transactionId, database: 'postgres' });
    expect(other).toMatch(/^BadRequestException/);
    expect(await failureOf(commit(transactionId))).toBe('succeeded');
  });

  it('knows no id that it did not make', async () => {
    expect(await failureOf(commit('bm8='))).toMatch(/^TransactionNotFoundException/);
  });

  it('dies with its connection', async () => {
    const transactionId = await begin();
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'",
    );
    await eventually(async () => /aborted due to an error/.test(await caller.failure('SELECT 1', { transactionId })));
  });
});
