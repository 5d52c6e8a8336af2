/**
 * A small OpenID provider, so that the JWT authorizer on this machine makes the same checks as in AWS: it mints tokens
 * and serves the discovery document and keys that those are checked against.
 */
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';

const ALGORITHM = 'RS256';
const DEFAULT_LIFE_SECONDS = 3600;

export const DISCOVERY_PATH = '/.well-known/openid-configuration';
export const JWKS_PATH = '/.well-known/jwks.json';

export interface IssuerProps {
  /** Data folder; the key pair lives in `<folder>/issuer.json`, mode 0600. */
  readonly folder: string;
  /** The `iss` of the tokens, and where DISCOVERY_PATH and JWKS_PATH are served. No slash at the end. */
  readonly url: string;
}

export interface TokenProps {
  readonly accountId: string;
  /** The claim that carries the account: the stack's `accountClaim`. */
  readonly claimName: string;
  readonly audience: string;
  /** @default `user-<accountId>` */
  readonly sub?: string;
  /** Space separated. @default none */
  readonly scope?: string;
  /** May be negative, for a token that is over. @default 3600 */
  readonly expiresInSeconds?: number;
}

export interface Issuer {
  readonly url: string;
  mintToken(props: TokenProps): Promise<string>;
  /** Documents by path, ready to be sent as `application/json`. */
  readonly documents: Readonly<Record<typeof DISCOVERY_PATH | typeof JWKS_PATH, string>>;
}

/** Reads the key pair, or makes it on the first start. @throws Error when the file is damaged. */
export async function openIssuer(props: IssuerProps): Promise<Issuer> {
  const privateJwk = await readOrMakeKey(join(props.folder, 'issuer.json'));
  const { kty, n, e, kid } = privateJwk;
  if (kty !== 'RSA' || n === undefined || e === undefined || kid === undefined)
    throw new Error('issuer.json holds no RSA key');
  const signingKey = await importJWK(privateJwk, ALGORITHM);
  return {
    url: props.url,
    mintToken: (token) =>
      new SignJWT({
        [token.claimName]: token.accountId,
        ...(token.scope !== undefined && { scope: token.scope }),
      })
        .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
        .setIssuer(props.url)
        .setAudience(token.audience)
        .setSubject(token.sub ?? `user-${token.accountId}`)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + (token.expiresInSeconds ?? DEFAULT_LIFE_SECONDS))
        .sign(signingKey),
    documents: {
      [DISCOVERY_PATH]: JSON.stringify(discovery(props.url)),
      [JWKS_PATH]: JSON.stringify({ keys: [{ kty, n, e, kid, alg: ALGORITHM, use: 'sig' }] }),
    },
  };
}

async function readOrMakeKey(path: string): Promise<JWK> {
  const text = readPrivateFile(path);
  if (text !== undefined) return JSON.parse(text) as JWK;
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const named = { ...jwk, kid: await calculateJwkThumbprint(jwk) };
  writePrivateFile(path, JSON.stringify(named));
  return named;
}

/** The members that OpenID Connect Discovery 1.0 (section 3) requires of a provider that only mints tokens. */
function discovery(url: string): Readonly<Record<string, unknown>> {
  return {
    issuer: url,
    jwks_uri: `${url}${JWKS_PATH}`,
    token_endpoint: `${url}/_local/token`,
    response_types_supported: ['token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [ALGORITHM],
  };
}
