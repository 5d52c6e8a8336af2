import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { ProxyEvent } from '../../../local/http-api/event.ts';
import { type HttpApi, startHttpApi } from '../../../local/http-api/http-api.ts';
import { issuerHandlers, type LocalHandler } from '../../../local/http-api/local-handlers.ts';
import { DISCOVERY_PATH, type Issuer, JWKS_PATH, openIssuer } from '../../../local/issuer/issuer.ts';
import { type TemporaryFolder, temporaryFolder } from '../service-bench.ts';

const AUDIENCE = 'tidegate';
const token = { accountId: 'acme', claimName: 'account_id', audience: AUDIENCE };

describe('JWT authorizer', () => {
  let folder: TemporaryFolder;
  let api: HttpApi;
  let issuer: Issuer;
  let events: ProxyEvent[];
  let handlers: Record<string, LocalHandler>;
  let keyReads: number;

  const configure = (issuerUrl = issuer.url) => {
    const authorizer = { issuer: issuerUrl, audiences: [AUDIENCE, 'other-app'] };
    api.configure({
      routes: [
        { routeKey: 'GET /open', functionName: 'F' },
        { routeKey: 'GET /own', functionName: 'F', authorizer },
        { routeKey: 'GET /admin', functionName: 'F', authorizer, authorizationScopes: ['webhooks:admin', 'root'] },
      ],
    });
  };
  const get = async (path: string, authorization?: string) => {
    const answer = await fetch(`${api.url}${path}`, { headers: authorization === undefined ? {} : { authorization } });
    return { status: answer.status, body: await answer.text(), challenge: answer.headers.get('www-authenticate') };
  };

  beforeEach(async () => {
    folder = temporaryFolder();
    events = [];
    keyReads = 0;
    handlers = {};
    api = await startHttpApi({
      localHandlers: {
        [DISCOVERY_PATH]: (request) => (handlers[DISCOVERY_PATH] as LocalHandler)(request),
        [JWKS_PATH]: (request) => {
          keyReads += 1;
          return (handlers[JWKS_PATH] as LocalHandler)(request);
        },
      },
      invoke: async (_, event) => {
        events.push(event);
        return 'ok';
      },
    });
    issuer = await openIssuer({ folder: folder.path, url: api.url });
    handlers = { ...issuerHandlers(issuer) };
    configure();
  });
  afterEach(async () => {
    await api.close();
    folder.remove();
  });

  it('lets a good token in, with its claims as text', async () => {
    const good = await issuer.mintToken({ ...token, sub: 'u1', scope: 'a b' });
    expect(await get('/own', `Bearer ${good}`)).toMatchObject({ status: 200, body: 'ok' });
    const jwt = events[0]?.requestContext.authorizer?.jwt;
    expect(jwt).toMatchObject({
      claims: { account_id: 'acme', sub: 'u1', scope: 'a b', iss: api.url, aud: AUDIENCE },
      scopes: null,
    });
    expect(jwt?.claims.exp).toMatch(/^\d{10}$/);
    expect((await get('/own', good)).status).toBe(200);
    expect((await get('/own', `bearer ${good}`)).status).toBe(200);
  });

  it('asks for one of the scopes of the route', async () => {
    const admin = await issuer.mintToken({ ...token, scope: 'events:write webhooks:admin' });
    expect((await get('/admin', `Bearer ${admin}`)).status).toBe(200);
    expect(events[0]?.requestContext.authorizer?.jwt.scopes).toEqual(['webhooks:admin']);
    for (const scope of ['events:write', 'webhooks:adminx', undefined]) {
      const weak = await issuer.mintToken({ ...token, ...(scope !== undefined && { scope }) });
      expect(await get('/admin', `Bearer ${weak}`)).toEqual({
        status: 403,
        body: '{"message":"Forbidden"}',
        challenge: 'Bearer scope="webhooks:admin root" error="insufficient_scope"',
      });
    }
  });

  it('lets nobody in without a good token', async () => {
    const good = await issuer.mintToken(token);
    const { privateKey } = await generateKeyPair('RS256');
    const forged = (header: { alg: string; kid?: string }, issuedBy = api.url) =>
      new SignJWT({ account_id: 'acme' })
        .setProtectedHeader(header)
        .setIssuer(issuedBy)
        .setAudience(AUDIENCE)
        .setExpirationTime('1h')
        .sign(header.alg === 'HS256' ? Buffer.alloc(32) : privateKey);
    const kid = (JSON.parse(Buffer.from(good.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
    const [head, body] = good.split('.');
    const bad = {
      none: undefined,
      empty: '',
      word: 'Bearer nonsense',
      basic: 'Basic dXNlcjpwYXNz',
      over: await issuer.mintToken({ ...token, expiresInSeconds: -1 }),
      audience: await issuer.mintToken({ ...token, audience: 'someone-else' }),
      foreignKey: await forged({ alg: 'RS256', kid }),
      unknownKey: await forged({ alg: 'RS256', kid: 'other' }),
      symmetric: await forged({ alg: 'HS256', kid }),
      issuer: await (await openIssuer({ folder: folder.path, url: 'http://127.0.0.1:1' })).mintToken(token),
      unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
      stripped: `${head}.${body}.`,
      altered: `${head}.${Buffer.from('{"account_id":"other"}').toString('base64url')}.${good.split('.')[2]}`,
    };
    for (const [name, value] of Object.entries(bad)) {
      expect([name, await get('/own', value)]).toEqual([
        name,
        { status: 401, body: '{"message":"Unauthorized"}', challenge: 'Bearer' },
      ]);
    }
    expect(events).toHaveLength(0);
    expect((await get('/open')).status).toBe(200);
  });

  it('takes client_id for the audience only when there is no aud', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' };
    handlers[JWKS_PATH] = async () => ({ status: 200, headers: {}, body: JSON.stringify({ keys: [jwk] }) });
    const sign = (claims: Record<string, unknown>) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .setIssuer(api.url)
        .setExpirationTime('1h')
        .sign(privateKey);
    expect((await get('/own', await sign({ client_id: 'other-app' }))).status).toBe(200);
    expect((await get('/own', await sign({ client_id: 'other-app', aud: 'x' }))).status).toBe(401);
    expect(
      (await get('/own', await sign({ aud: ['x', AUDIENCE], groups: ['a', 'b'], deep: { b: 1, a: true } }))).status,
    ).toBe(200);
    expect(events.at(-1)?.requestContext.authorizer?.jwt.claims).toMatchObject({
      aud: `[x ${AUDIENCE}]`,
      groups: '[a b]',
      deep: 'map[a:true b:1]',
    });
  });

  it('forgets a token when it is over', async () => {
    const brief = await issuer.mintToken({ ...token, expiresInSeconds: 2 });
    expect((await get('/own', brief)).status).toBe(200);
    const exp = Number(events[0]?.requestContext.authorizer?.jwt.claims.exp) * 1000;
    let last = 200;
    while (last === 200 && Date.now() < exp + 5000) last = (await get('/own', brief)).status;
    expect(last).toBe(401);
    expect(Date.now()).toBeGreaterThanOrEqual(exp);
  });

  it('reads the keys once for many tokens', async () => {
    for (let count = 0; count < 5; count += 1) {
      const fresh = await issuer.mintToken({ ...token, sub: `u${count}` });
      expect((await get('/own', fresh)).status).toBe(200);
    }
    expect(keyReads).toBe(1);
  });

  it('is 401 while the issuer cannot be reached, and recovers', async () => {
    const good = await issuer.mintToken(token);
    const discovery = handlers[DISCOVERY_PATH] as LocalHandler;
    handlers[DISCOVERY_PATH] = async () => ({ status: 500, headers: {}, body: 'down' });
    expect((await get('/own', good)).status).toBe(401);
    handlers[DISCOVERY_PATH] = discovery;
    expect((await get('/own', good)).status).toBe(200);
  });

  it('keeps its keys over a restart, for their owner alone', async () => {
    const before = await issuer.mintToken(token);
    const again = await openIssuer({ folder: folder.path, url: api.url });
    expect(again.documents[JWKS_PATH]).toBe(issuer.documents[JWKS_PATH]);
    expect(again.documents[JWKS_PATH]).not.toMatch(/"(d|p|q|dp|dq|qi)"/);
    expect((await get('/own', before)).status).toBe(200);
    expect(statSync(join(folder.path, 'issuer.json')).mode & 0o777).toBe(0o600);
  });
});
