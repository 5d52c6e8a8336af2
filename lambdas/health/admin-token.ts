import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { ApiError } from '../domain/api-error/api-error.ts';

export interface AdminTokenProps {
  readonly issuer: string;
  readonly audience: string;
}

const DISCOVERY_TIMEOUT_MS = 1_500;
const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * Checks the bearer token of a public route's privileged half: a route of an HTTP API has an authorizer or has none, so
 * the handler does the gateway's work here, against the same issuer.
 */
export function createAdminCheck({ issuer, audience }: AdminTokenProps) {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  /** @throws ApiError UNAUTHORIZED without a valid token, FORBIDDEN without the scope webhooks:admin. */
  return async (authorization: string | undefined): Promise<void> => {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new ApiError('UNAUTHORIZED', 'this needs a bearer token');
    keys ??= discover(issuer);
    const scopes = await verified(token, { keys, issuer, audience }).catch((cause: unknown) => {
      keys = undefined;
      throw new ApiError('UNAUTHORIZED', 'the token is not valid', { cause });
    });
    if (!scopes.includes('webhooks:admin')) {
      throw new ApiError('FORBIDDEN', 'this needs a token with the scope webhooks:admin');
    }
  };
}

async function verified(
  token: string,
  { keys, issuer, audience }: AdminTokenProps & { keys: Promise<JWTVerifyGetKey> },
): Promise<string[]> {
  const { payload } = await jwtVerify(token, await keys, { issuer, audience, algorithms: ['RS256'] });
  return typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
}

/** The keys' address stands in the issuer's discovery document. Source: OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS) });
  const { jwks_uri } = discoverySchema.parse(await response.json());
  return createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: DISCOVERY_TIMEOUT_MS });
}
