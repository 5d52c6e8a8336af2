import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import type { DeployedConfiguration } from '../../../cli/checklist/deployed-configuration.ts';
import type { Finding } from '../../../cli/checklist/item.ts';
import { runChecklist } from '../../../cli/checklist/run-checklist.ts';
import { token } from '../../../cli/checklist/token.ts';
import { tokenScopes } from '../../../cli/checklist/token-scopes.ts';
import { stackSite } from './stack-site.ts';
import { type StubIssuer, startStubIssuer } from './stub-issuer.ts';

const NOW_MS = Date.parse('2027-01-01T12:00:00Z');
const EXP = NOW_MS / 1_000 + 600;
const GOOD = { aud: 'tidegate', account_id: 'acme', scope: 'openid events:write', exp: EXP };

let issuer: StubIssuer;
let other: StubIssuer;
beforeAll(async () => {
  [issuer, other] = await Promise.all([startStubIssuer(), startStubIssuer()]);
});
afterAll(() => Promise.all([issuer.stop(), other.stop()]));

async function check(text: string | undefined, deployed: Partial<DeployedConfiguration> = {}): Promise<Finding[]> {
  const site = stackSite({
    deployed: { jwtIssuer: issuer.url, ...deployed },
    now: () => NOW_MS,
    ...(text !== undefined && { token: text }),
  });
  const checked = await runChecklist({ items: [token, tokenScopes], site });
  site.close();
  return checked.map(({ finding }) => finding);
}
const checkClaims = async (claims: Readonly<Record<string, unknown>>, deployed?: Partial<DeployedConfiguration>) =>
  check(await issuer.mint(claims), deployed);

describe('token', () => {
  it('does not apply without one, and says what one needs', async () => {
    expect(await check(undefined, { jwtAudience: 'hooks', accountClaim: 'org' })).toEqual([
      { result: 'not-applicable', found: expect.stringContaining('hooks, and the account as text in org') },
      { result: 'not-applicable', found: expect.stringContaining('events:write publishes events') },
    ]);
  });

  it('passes with the right claims', async () => {
    expect(await checkClaims(GOOD)).toEqual([
      { result: 'pass', found: 'of account acme, valid for 10 more minutes' },
      { result: 'pass', found: 'events:write (publishes events)' },
    ]);
  });

  it('takes client_id for a missing aud alone, as the gateway does', async () => {
    const { aud: _, ...rest } = GOOD;
    expect((await checkClaims({ ...rest, client_id: 'tidegate' }))[0]).toMatchObject({ result: 'pass' });
    expect((await checkClaims({ ...rest, client_id: '7abc' }))[0]).toEqual({
      result: 'fail',
      found: 'it has no aud, and client_id 7abc, the stack takes tidegate',
      fix: expect.stringContaining('npx cdk deploy -c stage=prod -c jwtAudience=7abc'),
    });
    expect((await checkClaims({ ...rest, aud: 'another', client_id: 'tidegate' }))[0]).toMatchObject({
      result: 'fail',
      found: 'its aud is another, the stack takes tidegate',
    });
    expect((await checkClaims({ ...rest, aud: ['another', 'tidegate'] }))[0]).toMatchObject({ result: 'pass' });
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>, string, string]>([
    ['expired', { exp: NOW_MS / 1_000 }, 'it expired at 2027-01-01T12:00:00.000Z', 'get a fresh token'],
    ['not yet valid', { nbf: EXP }, 'it is not valid before 2027-01-01T12:10:00.000Z', 'get a fresh token'],
    ['endless', { exp: undefined }, 'it has no exp', 'set a lifetime'],
    ['of another issuer', { iss: 'https://x/' }, 'it is of the issuer https://x/', '-c jwtIssuer=https://x/'],
    ['without the account', { account_id: undefined }, 'its claim account_id is missing', '-c accountClaim='],
    [
      'with an account too long',
      { account_id: 'a'.repeat(129) },
      'is not 1 to 128 characters',
      "the account's id into account_id",
    ],
    [
      'with a list of accounts',
      { account_id: ['a', 'b'] },
      'is not 1 to 128 characters',
      "the account's id into account_id",
    ],
  ])('fails when %s', async (_, change, found, fix) => {
    expect((await checkClaims({ ...GOOD, ...change }))[0]).toEqual({
      result: 'fail',
      found: expect.stringContaining(found),
      fix: expect.stringContaining(fix),
    });
  });

  it('tells all that is wrong at once', async () => {
    const [finding] = await checkClaims({ exp: 1 });
    expect(finding?.found.split('; ')).toHaveLength(3);
  });

  it('fails on a signature that does not hold, or is of another kind', async () => {
    const foreign = await other.mint({ ...GOOD, iss: issuer.url });
    expect((await check(foreign))[0]).toEqual({
      result: 'fail',
      found: 'its signature does not hold (ERR_JWS_SIGNATURE_VERIFICATION_FAILED)',
      fix: expect.stringContaining('a key that it still publishes'),
    });
    const shared = new SignJWT({ ...GOOD, iss: issuer.url }).setProtectedHeader({ alg: 'HS256' });
    expect((await check(await shared.sign(Buffer.alloc(32))))[0]).toEqual({
      result: 'fail',
      found: 'it is signed with HS256',
      fix: 'have the identity provider sign with RS256',
    });
    const [whole = ''] = (await issuer.mint(GOOD)).match(/^.*\./) ?? [];
    expect((await check(`${whole}AAAA`))[0]).toMatchObject({ result: 'fail' });
  });

  it('fails on what is no token at all', async () => {
    expect(await check('opaque')).toEqual([
      { result: 'fail', found: 'the given text is no JWT', fix: expect.stringContaining('access token') },
      { result: 'fail', found: expect.any(String), fix: 'see token' },
    ]);
  });
});

describe('token-scopes', () => {
  const scopes = async (claims: Readonly<Record<string, unknown>>) =>
    (await checkClaims({ ...GOOD, scope: undefined, ...claims }))[1];

  it('reads scope and scp, as text and as lists', async () => {
    const both = { result: 'pass', found: 'events:write webhooks:admin (publishes events, opens /admin)' };
    expect(await scopes({ scope: 'events:write webhooks:admin' })).toEqual(both);
    expect(await scopes({ scp: ['events:write', 'webhooks:admin'] })).toEqual(both);
    expect(await scopes({ scope: 'events:write', scp: 'webhooks:admin' })).toEqual(both);
  });

  it('fails on the names that Cognito gives the scopes of a resource server', async () => {
    expect(await scopes({ scope: 'openid tidegate/events:write' })).toEqual({
      result: 'fail',
      found: 'tidegate/events:write: scopes are compared whole, a prefix makes another one',
      fix: expect.stringContaining('pre token generation trigger'),
    });
  });

  it('fails without any, and says what that means', async () => {
    expect(await scopes({ scope: 'openid' })).toEqual({
      result: 'fail',
      found: expect.stringContaining('(there: openid): it can manage webhooks, but publishing is 403'),
      fix: 'grant events:write to who publishes and webhooks:admin to operators',
    });
  });
});
