import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Authorizer } from '../../../local/services/authorizer.ts';
import { ServiceError } from '../../../local/services/service.ts';
import { type Caller, callerOf } from '../../support/data-api-caller.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

const asked: string[] = [];
const denied = new Set<string>();
const authorizer: Authorizer = Object.assign(
  (_principal: string, action: string, resource: string): void => {
    asked.push(`${action} ${resource}`);
    if (denied.has(action)) throw new ServiceError('AccessDenied', `not authorized to perform: ${action}`, 403);
  },
  { seen: () => [] },
);

describe('errors of the Data API', () => {
  let database: TestDatabase;
  let owner: Caller;
  let service: Caller;
  beforeAll(async () => {
    database = await startTestDatabase({ authorizer });
    owner = callerOf(database);
    service = callerOf(database, database.secretArn);
    await database.query('CREATE TABLE public.things (id int PRIMARY KEY, name text NOT NULL)');
  });
  afterEach(() => {
    database.dataApi.setState('up');
    denied.clear();
  });
  afterAll(() => database.stop());

  it.each([
    ['SELEKT 1', 'ERROR: syntax error at or near "SELEKT"; Position: 1; SQLState: 42601'],
    ['SELECT * FROM nowhere', 'ERROR: relation "nowhere" does not exist; Position: 15; SQLState: 42P01'],
    [
      "INSERT INTO things VALUES (1, 'a'), (1, 'b')",
      'ERROR: duplicate key value violates unique constraint "things_pkey"; SQLState: 23505',
    ],
    [
      'INSERT INTO things VALUES (1)',
      'ERROR: null value in column "name" of relation "things" violates not-null constraint; SQLState: 23502',
    ],
  ])('%s', async (sql, message) => {
    expect(await owner.failure(sql)).toBe(`DatabaseErrorException: ${message}`);
  });

  it('carries HTTP 400 and the name in x-amzn-errortype', async () => {
    const error = await owner.execute('SELECT 1/0').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'DatabaseErrorException', $metadata: { httpStatusCode: 400 } });
  });

  it('the user of the secret has his own rights', async () => {
    expect(await service.one('SELECT current_user::text')).toEqual({ stringValue: 'hook_svc' });
    expect(await service.failure('SELECT * FROM public.things')).toMatch(/permission denied.*SQLState: 42501$/);
    expect(await service.failure('CREATE TABLE hook.mine (id int)')).toMatch(/SQLState: 42501$/);
  });

  it('asks for the call and for its secret', async () => {
    asked.length = 0;
    await service.execute('SELECT 1');
    expect(asked).toEqual([
      `rds-data:ExecuteStatement ${database.clusterArn}`,
      `secretsmanager:GetSecretValue ${database.secretArn}`,
    ]);
  });

  it.each(['rds-data:ExecuteStatement', 'secretsmanager:GetSecretValue'])('refuses without %s', async (action) => {
    denied.add(action);
    expect(await owner.failure('SELECT 1')).toBe(`AccessDeniedException: not authorized to perform: ${action}`);
  });

  it('refuses another cluster, and a secret that is not there', async () => {
    const resourceArn = `${database.clusterArn}x`;
    expect(await owner.failure('SELECT 1', { resourceArn })).toMatch(/^HttpEndpointNotEnabledException/);
    const secretArn = `${database.secretArn}x`;
    expect(await owner.failure('SELECT 1', { secretArn })).toMatch(/^SecretsErrorException/);
  });

  it('a call that names no database goes to one of its user’s name, and fails', async () => {
    const client = database.client({ maxAttempts: 1 });
    const { resourceArn, secretArn } = owner.target;
    const call = client.send(new ExecuteStatementCommand({ resourceArn, secretArn, sql: 'SELECT 1' }));
    await expect(call).rejects.toThrow(/database "tidegate_owner" does not exist; SQLState: 3D000/);
  });

  it('a pausing database resumes, and one that is gone is unavailable', async () => {
    database.dataApi.setState('resuming');
    expect(await owner.failure('SELECT 1')).toMatch(/^DatabaseResumingException: .*auto-paused/);
    database.dataApi.setState('down');
    const error = await owner.execute('SELECT 1').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'DatabaseUnavailableException', $metadata: { httpStatusCode: 504 } });
    database.dataApi.setState('up');
    expect(await owner.failure('SELECT 1')).toBe('succeeded');
  });

  it('settings of one call do not reach the next', async () => {
    await owner.execute("SET application_name = 'changed'");
    const names = await Promise.all(
      Array.from({ length: 20 }, () => owner.one("SELECT current_setting('application_name')")),
    );
    expect(names).toEqual(names.map(() => ({ stringValue: 'tidegate-data-api' })));
  });

  it('a statement that came often goes on when a migration changes its columns', async () => {
    await database.query('CREATE TABLE public.wide (a int); INSERT INTO public.wide VALUES (1)');
    for (let call = 0; call < 10; call += 1) await owner.execute('SELECT * FROM wide');
    await database.query('ALTER TABLE public.wide ADD b int DEFAULT 2');
    expect((await owner.execute('SELECT * FROM wide')).records).toEqual([[{ longValue: 1 }, { longValue: 2 }]]);
  });

  it('survives the loss of all its connections', async () => {
    await owner.execute('SELECT 1');
    await database.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    // Each connection of the pool may cost one call before it is known to be dead.
    const answers = () => owner.execute('SELECT 1').then(({ records }) => records?.[0]?.[0]?.longValue === 1);
    await eventually(() => answers().catch(() => false));
  });
});
