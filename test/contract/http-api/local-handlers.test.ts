import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { type HttpApi, startHttpApi } from '../../../local/http-api/http-api.ts';
import {
  faultsHandler,
  issuerHandlers,
  type LocalHandler,
  tokenHandler,
} from '../../../local/http-api/local-handlers.ts';
import { openIssuer } from '../../../local/issuer/issuer.ts';
import { createFaults, type Faults } from '../../../local/services/faults.ts';
import { type TemporaryFolder, temporaryFolder } from '../service-bench.ts';

describe('local handlers', () => {
  let folder: TemporaryFolder;
  let api: HttpApi;
  let faults: Faults;

  beforeEach(async () => {
    folder = temporaryFolder();
    faults = createFaults();
    const issuer = await openIssuer({ folder: folder.path, url: 'http://127.0.0.1:1' });
    const localHandlers: Record<string, LocalHandler> = {
      ...issuerHandlers(issuer),
      '/_local/token': tokenHandler({ issuer, claimName: 'account_id', audience: 'tidegate' }),
      '/_local/faults': faultsHandler(faults),
    };
    api = await startHttpApi({
      localHandlers,
      invoke: async () => 'from the stack',
      configuration: {
        routes: [{ routeKey: 'ANY /{proxy+}', functionName: 'F' }],
        cors: { allowOrigins: ['*'], allowMethods: ['*'] },
      },
    });
  });
  afterEach(async () => {
    await api.close();
    folder.remove();
  });
  const send = (method: string, path: string, body?: unknown) =>
    fetch(`${api.url}${path}`, {
      method,
      headers: { origin: 'https://evil.test' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  it('mints a token', async () => {
    const answer = await send('POST', '/_local/token', { accountId: 'acme', sub: 'u1', scope: 'webhooks:admin' });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect(decodeJwt(token)).toMatchObject({ account_id: 'acme', sub: 'u1', scope: 'webhooks:admin', aud: 'tidegate' });
  });

  it.each([[{}], [{ accountId: '' }], [{ accountId: 'a', admin: true }], ['{'], ['null']])(
    'mints none for %j',
    async (body) => {
      const answer = await send('POST', '/_local/token', body);
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { error: 'VALIDATION_ERROR', message: expect.any(String) },
      ]);
    },
  );

  it('shows no web page a token, whatever the CORS of the stack', async () => {
    expect(
      (await send('POST', '/_local/token', { accountId: 'a' })).headers.get('access-control-allow-origin'),
    ).toBeNull();
    expect((await send('GET', '/else')).headers.get('access-control-allow-origin')).toBe('*');
    expect((await send('OPTIONS', '/_local/faults')).status).toBe(405);
  });

  it('sets faults and tells them', async () => {
    expect((await send('PUT', '/_local/faults', { service: 'database', mode: 'down' })).status).toBe(200);
    expect(faults.of('rds-data')).toEqual({ mode: 'down' });
    expect(await (await send('GET', '/_local/faults')).json()).toMatchObject({
      database: { mode: 'down' },
      sqs: { mode: 'up' },
    });
    expect((await send('PUT', '/_local/faults', { service: 'lambda', mode: 'down' })).status).toBe(400);
  });

  it('serves the issuer’s documents before any route', async () => {
    const discovery = (await (await send('GET', '/.well-known/openid-configuration')).json()) as { jwks_uri: string };
    expect(discovery).toMatchObject({
      issuer: 'http://127.0.0.1:1',
      jwks_uri: 'http://127.0.0.1:1/.well-known/jwks.json',
    });
    expect(await (await send('GET', '/.well-known/webhook-keys/wh_1')).text()).toBe('from the stack');
  });
});
