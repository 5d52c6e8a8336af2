import { afterEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { issuer } from '../../../cli/checklist/issuer.ts';
import { issuerKeys } from '../../../cli/checklist/issuer-keys.ts';
import { type CheckedItem, runChecklist } from '../../../cli/checklist/run-checklist.ts';
import { stackSite } from './stack-site.ts';
import { type StubIssuer, type StubIssuerProps, startStubIssuer } from './stub-issuer.ts';

const started: StubIssuer[] = [];
afterEach(() => Promise.all(started.splice(0).map((each) => each.stop())));

async function start(props?: StubIssuerProps): Promise<StubIssuer> {
  const stub = await startStubIssuer(props);
  started.push(stub);
  return stub;
}

async function check(jwtIssuer: string, kind: 'local' | 'stack' = 'local') {
  const site = { ...stackSite({ deployed: { jwtIssuer } }), kind };
  const [document, keys] = await runChecklist({ items: [issuer, issuerKeys], site });
  site.close();
  return { document: (document as CheckedItem).finding, keys: (keys as CheckedItem).finding };
}

describe('issuer and issuer-keys', () => {
  it('pass with a document that names the issuer and an RS256 key', async () => {
    const { url } = await start();
    expect(await check(url)).toEqual({
      document: { result: 'pass', found: expect.stringMatching(new RegExp(`^${url} answered in \\d+ ms$`)) },
      keys: { result: 'pass', found: expect.stringMatching(/^1 RS256 key, in \d+ ms$/) },
    });
  });

  it('finds the document of an issuer with a slash at its end', async () => {
    const stub = await start();
    const named = await start({ issuer: `${stub.url}/` });
    // The same server serves both spellings; only the name in the document decides.
    expect((await check(`${named.url}/`)).document).toMatchObject({
      result: 'fail',
      found: `the stack expects tokens of ${named.url}/, but its document says issuer ${stub.url}/ (a slash at the end counts)`,
      fix: `npx cdk deploy -c stage=prod -c jwtIssuer=${stub.url}/`,
    });
    expect((await check(`${stub.url}/`)).document).toMatchObject({
      result: 'fail',
      fix: `npx cdk deploy -c stage=prod -c jwtIssuer=${stub.url}`,
    });
  });

  it('fail on an address that serves something else, and say what to give', async () => {
    const { url } = await start({ status: 404 });
    const { document, keys } = await check(url);
    expect(document).toEqual({
      result: 'fail',
      found: `${url}/.well-known/openid-configuration answered 404, and not with a discovery document`,
      fix: expect.stringContaining('-c jwtIssuer=https://'),
    });
    expect(keys).toMatchObject({ result: 'fail', fix: 'see issuer' });
  });

  it('fail on an issuer that nobody answers for', async () => {
    const { document, keys } = await check('http://127.0.0.1:1');
    expect(document).toEqual({
      result: 'fail',
      found: expect.stringMatching(/openid-configuration gave no answer \(.+\)$/),
      fix: expect.stringContaining('make the issuer reachable from the internet'),
    });
    expect(keys.result).toBe('fail');
  });

  it('fail on one that takes longer than the 1,500 ms that API Gateway waits', async () => {
    const { url } = await start({ delayMs: 2_500 });
    expect((await check(url)).document).toEqual({
      result: 'fail',
      found: `${url}/.well-known/openid-configuration gave no answer (not within 1500 ms)`,
      fix: expect.stringContaining('API Gateway waits 1500 ms'),
    });
  });

  it('fail on plain http in AWS, where only https is taken', async () => {
    const { url } = await start();
    expect((await check(url, 'stack')).document).toMatchObject({
      result: 'fail',
      found: `${url} is not https`,
      fix: expect.stringContaining('API Gateway takes https alone'),
    });
  });

  it('fail without an RS256 key, naming those there are', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const elliptic = await start({ keys: [{ ...(await exportJWK(publicKey)), kid: 'ec', alg: 'ES256' }] });
    expect((await check(elliptic.url)).keys).toEqual({
      result: 'fail',
      found: `no RS256 key at ${elliptic.url}/keys (there: EC ES256 ec)`,
      fix: expect.stringContaining('sign with RS256'),
    });
    const none = await start({ keys: [] });
    expect((await check(none.url)).keys).toMatchObject({
      result: 'fail',
      found: expect.stringContaining('(there: none)'),
    });
    const rsa = await generateKeyPair('RS256');
    const unnamed = await start({ keys: [{ ...(await exportJWK(rsa.publicKey)), alg: 'RS256' }] });
    expect((await check(unnamed.url)).keys).toMatchObject({
      result: 'fail',
      found: expect.stringContaining('RSA RS256 no kid'),
    });
  });
});
