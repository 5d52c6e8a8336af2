import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { fetchDiscovery, fetchFromIssuer, readDiscovery } from './discovery.ts';
import { type ChecklistItem, fail, notApplicable, pass } from './item.ts';
import type { Site } from './site.ts';

interface Problem {
  readonly found: string;
  readonly fix: string;
}

/** Who the token is from and for; what it may do is the item token-scopes. */
export const token: ChecklistItem = {
  name: 'token',
  title: 'a token of the issuer is for this stack and names an account',

  async check(site) {
    const { jwtAudience, accountClaim } = site.deployed;
    const wanted = `aud (or, without aud, client_id) ${jwtAudience}, and the account as text in ${accountClaim}`;
    if (site.token === undefined) return notApplicable(`give --token <jwt> to check one; tokens need ${wanted}`);
    const payload = decode(site.token);
    if (payload === undefined) {
      return fail(
        'the given text is no JWT',
        'give an access token, not an opaque one (Auth0: request it with an audience)',
      );
    }
    const claims = problemsOf(payload, site);
    const problems = claims.length > 0 ? claims : await signatureProblems(site.token, site);
    if (problems.length === 0)
      return pass(`of account ${String(payload[accountClaim])}, ${lifeLeft(payload, site.now())}`);
    return fail(problems.map(({ found }) => found).join('; '), problems.map(({ fix }) => fix).join('; '));
  },

  fixWhenUnanswered: () => 'the signature could not be checked: see issuer and issuer-keys',
};

function decode(text: string): JWTPayload | undefined {
  try {
    return decodeJwt(text);
  } catch {
    return undefined;
  }
}

function problemsOf(payload: JWTPayload, site: Site): readonly Problem[] {
  return [issuerProblem, audienceProblem, timeProblem, accountProblem].flatMap((look) => look(payload, site) ?? []);
}

function issuerProblem({ iss }: JWTPayload, { deployed, deployWith }: Site): Problem | undefined {
  if (iss === deployed.jwtIssuer) return undefined;
  return {
    found: `it is of the issuer ${iss ?? '(none)'}, the stack takes ${deployed.jwtIssuer}`,
    fix: `get the token there, or ${deployWith(`-c jwtIssuer=${iss ?? 'https://…'}`)}`,
  };
}

/** "client_id is validated only if aud is not present" (API Gateway Developer Guide, JWT authorizers). */
function audienceProblem(
  { aud, client_id: clientId }: JWTPayload,
  { deployed, deployWith }: Site,
): Problem | undefined {
  const audiences = [aud ?? clientId].flat().filter((one) => typeof one === 'string');
  if (audiences.includes(deployed.jwtAudience)) return undefined;
  const shown = aud === undefined && audiences.length > 0 ? 'it has no aud, and client_id' : 'its aud is';
  return {
    found: `${shown} ${audiences.join(', ') || '(none)'}, the stack takes ${deployed.jwtAudience}`,
    fix: `have the identity provider put ${deployed.jwtAudience} into aud, or ${deployWith(`-c jwtAudience=${audiences[0] ?? '…'}`)}`,
  };
}

function timeProblem({ exp, nbf }: JWTPayload, { now }: Site): Problem | undefined {
  const fix = 'get a fresh token';
  const nowSeconds = now() / 1_000;
  if (exp === undefined) return { found: 'it has no exp', fix: 'API Gateway demands one: set a lifetime' };
  if (exp <= nowSeconds) return { found: `it expired at ${isoTime(exp)}`, fix };
  if (nbf !== undefined && nbf > nowSeconds) return { found: `it is not valid before ${isoTime(nbf)}`, fix };
  return undefined;
}

/** The functions take text of 1 to 128 characters (`lambdas/adapters/http-in/api-request.ts`). */
function accountProblem(payload: JWTPayload, { deployed, deployWith }: Site): Problem | undefined {
  const { accountClaim } = deployed;
  const value = payload[accountClaim];
  if ((typeof value === 'string' && value !== '' && value.length <= 128) || typeof value === 'number') return undefined;
  const others = Object.keys(payload).join(', ');
  return {
    found: `its claim ${accountClaim} ${value === undefined ? 'is missing' : 'is not 1 to 128 characters of text'} (it has ${others})`,
    fix: `have the identity provider put the account's id into ${accountClaim}, or name the claim that has it: ${deployWith('-c accountClaim=…')}`,
  };
}

const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

async function signatureProblems(text: string, { deployed, now }: Site): Promise<readonly Problem[]> {
  const { alg } = decodeProtectedHeader(text);
  if (alg !== 'RS256')
    return [{ found: `it is signed with ${alg}`, fix: 'have the identity provider sign with RS256' }];
  const document = readDiscovery(await fetchDiscovery(deployed.jwtIssuer));
  const answer = document && (await fetchFromIssuer(document.jwks_uri));
  const keys = keysSchema.safeParse(answer?.json).data;
  if (keys === undefined) return [{ found: 'its signature could not be checked', fix: 'see issuer and issuer-keys' }];
  try {
    await jwtVerify(text, createLocalJWKSet(keys), { currentDate: new Date(now()) });
    return [];
  } catch (error) {
    const reason = error instanceof errors.JOSEError ? error.code : String(error);
    return [
      {
        found: `its signature does not hold (${reason})`,
        fix: 'use a token as the issuer gave it, signed with a key that it still publishes',
      },
    ];
  }
}

function lifeLeft({ exp = 0 }: JWTPayload, nowMs: number): string {
  return `valid for ${Math.floor((exp - nowMs / 1_000) / 60)} more minutes`;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
