import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase, type Database } from '../../../lambdas/adapters/database/database.ts';
import type { ApiRequest } from '../../../lambdas/adapters/http-in/api-request.ts';
import type { ApiResponse } from '../../../lambdas/adapters/http-in/api-response.ts';
import { createAdminCheck } from '../../../lambdas/health/admin-token.ts';
import type { ReadinessProbes } from '../../../lambdas/health/readiness.ts';
import { readyOperation } from '../../../lambdas/health/ready.ts';
import { schemaVersionFrom } from '../../../lambdas/health/schema-state.ts';
import { type Issuer, openIssuer } from '../../../local/issuer/issuer.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';

const AUDIENCE = 'tidegate';
const HISTORY = `
  CREATE TABLE IF NOT EXISTS hook.flyway_schema_history (version varchar(50), success boolean);
  GRANT SELECT ON hook.flyway_schema_history TO hook_svc;
  DELETE FROM hook.flyway_schema_history;
  INSERT INTO hook.flyway_schema_history VALUES ('9', true), ('10', true), ('11', false)`;

let testDatabase: TestDatabase;
let database: Database;
let folder: string;
let issuer: Issuer;
let documents: Server;
let asked: string[];
let probes: ReadinessProbes;
let nowMs: number;

beforeAll(async () => {
  testDatabase = await startTestDatabase();
  const { clusterArn, secretArn, database: databaseName } = testDatabase;
  database = createDatabase({ clusterArn, secretArn, databaseName, client: testDatabase.client() });
  for (const statement of HISTORY.split(';')) await testDatabase.query(statement);
  folder = await mkdtemp(join(tmpdir(), 'tidegate-health-'));
  documents = createServer((request, response) => {
    const document = Object.entries(issuer.documents).find(([path]) => path === request.url);
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(document?.[1]);
  });
  await new Promise<void>((resolve) => documents.listen(0, '127.0.0.1', resolve));
  issuer = await openIssuer({ folder, url: `http://127.0.0.1:${(documents.address() as AddressInfo).port}` });
});
afterAll(async () => {
  documents.closeAllConnections();
  documents.close();
  await testDatabase.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked = [];
  nowMs = 0;
  probes = {
    clusterStatus: async () => note('cluster', 'available'),
    schemaVersion: async () => note('schema', '11'),
    mappingStates: async () => note('mappings', ['Enabled', 'Enabled']),
    schemaHead: '11',
  };
});

function note<Value>(name: string, value: Value): Value {
  asked.push(name);
  return value;
}

function operation() {
  const requireAdmin = createAdminCheck({ issuer: issuer.url, audience: AUDIENCE });
  return readyOperation({ probes, database, requireAdmin, now: () => nowMs });
}

function get(
  ready: (request: ApiRequest) => Promise<ApiResponse>,
  query: Record<string, string> = {},
  authorization?: string,
): Promise<ApiResponse> {
  const headers = authorization === undefined ? {} : { authorization };
  return ready({ query, headers } as ApiRequest);
}

const token = (scope: string) =>
  issuer.mintToken({ accountId: 'acme', claimName: 'account_id', audience: AUDIENCE, scope });

describe('GET /ready', () => {
  it('is ready when the cluster is there, the schema at head and every consumer on', async () => {
    const { status, body } = await get(operation());
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ready', maintenance: false });
  });

  it.each([
    ['the cluster is stopped', { clusterStatus: async () => 'stopped' }, 'database stopped'],
    ['no migration has run', { schemaVersion: async () => undefined }, 'migrations no migration has run'],
    ['the schema is behind', { schemaVersion: async () => '9' }, 'migrations at version 9 of 11'],
    ['a consumer is off', { mappingStates: async () => ['Enabled', 'Disabled'] }, 'consumers 1 of 2 not enabled'],
    [
      'a probe fails',
      { mappingStates: () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDeniedException' })) },
      'consumers could not be asked (AccessDeniedException)',
    ],
  ])('is not ready when %s, and says so', async (_case, broken, message) => {
    probes = { ...probes, ...broken };
    const { status, body, headers } = await get(operation());
    expect(status).toBe(503);
    expect(body).toMatchObject({ error: 'UNAVAILABLE', message: `not ready: ${message}` });
    expect(headers).toMatchObject({ 'retry-after': '60' });
  });

  it('takes a newer schema: functions were rolled back, migrations are additive', async () => {
    probes = { ...probes, schemaVersion: async () => '12' };
    expect((await get(operation())).status).toBe(200);
  });

  it('shares one look for a minute, and wakes no database', async () => {
    const ready = operation();
    await Promise.all([get(ready), get(ready), get(ready)]);
    nowMs = 59_999;
    await get(ready);
    expect(asked).toEqual(['cluster', 'schema', 'mappings']);
    nowMs = 60_000;
    await get(ready);
    expect(asked).toHaveLength(6);
  });

  it('refuses a query key that it does not know', async () => {
    await expect(get(operation(), { depth: '1' })).rejects.toMatchObject({ code: 'VALIDATION_ERROR', field: 'depth' });
  });
});

describe('GET /ready?deep', () => {
  const deep = async (authorization: string | undefined) => get(operation(), { deep: '' }, authorization);

  it('asks the database itself, for an administrator', async () => {
    probes = { ...probes, schemaHead: '10' };
    const { status, body } = await deep(`Bearer ${await token('events:write webhooks:admin')}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ checks: { database: { ok: true, detail: 'answers' } } });
  });

  it('says what the database says, not what the bucket does', async () => {
    const { status, body } = await deep(`Bearer ${await token('webhooks:admin')}`);
    expect(status).toBe(503);
    expect(body).toMatchObject({ checks: { database: { ok: false, detail: 'at version 10 of 11' } } });
  });

  it('is for administrators', async () => {
    await expect(deep(undefined)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(deep('Bearer nonsense')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(deep(`Bearer ${await token('events:write')}`)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const over = await issuer.mintToken({
      accountId: 'acme',
      claimName: 'account_id',
      audience: AUDIENCE,
      scope: 'webhooks:admin',
      expiresInSeconds: -60,
    });
    await expect(deep(`Bearer ${over}`)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('refuses tokens when the issuer is away, and takes them again when it is back', async () => {
    let isAway = true;
    const requireAdmin = createAdminCheck({ issuer: issuer.url, audience: AUDIENCE });
    const away = createAdminCheck({ issuer: 'http://127.0.0.1:1', audience: AUDIENCE });
    const ready = readyOperation({
      probes,
      database,
      requireAdmin: (authorization) => (isAway ? away(authorization) : requireAdmin(authorization)),
      now: () => nowMs,
    });
    const authorization = `Bearer ${await token('webhooks:admin')}`;
    await expect(get(ready, { deep: '' }, authorization)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    isAway = false;
    await expect(get(ready, { deep: '' }, authorization)).resolves.toMatchObject({ status: 503 });
  });
});

describe('state/schema.json', () => {
  it('gives the version that the migrations wrote', () => {
    expect(schemaVersionFrom('{"version":"11","migratedAt":"2026-11-22T17:05:00.000Z"}')).toBe('11');
    expect(schemaVersionFrom('{"version":null,"migratedAt":"2026-11-22T17:05:00.000Z"}')).toBeUndefined();
    expect(schemaVersionFrom(undefined)).toBeUndefined();
  });
});
