/** Paths that belong to the engine and not to the stack: tokens, faults, the issuer's documents. */
import { z } from 'zod';
import { DISCOVERY_PATH, type Issuer, JWKS_PATH } from '../issuer/issuer.ts';
import type { Authorizer } from '../services/authorizer.ts';
import type { CallCounts } from '../services/call-counts.ts';
import { type Faults, parseFault } from '../services/faults.ts';
import type { HttpAnswer } from './proxy-response.ts';

export interface LocalRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type LocalHandler = (request: LocalRequest) => Promise<HttpAnswer>;

/** The handler of the longest prefix: `/_local` takes `/_local` and `/_local/x`, not `/_localx`. */
export function findLocalHandler(
  handlers: Readonly<Record<string, LocalHandler>>,
  path: string,
): LocalHandler | undefined {
  const [longest] = Object.keys(handlers)
    .filter((prefix) => path === prefix || path.startsWith(`${prefix}/`))
    .sort((left, right) => right.length - left.length);
  return longest === undefined ? undefined : handlers[longest];
}

/** Discovery document and keys, for `localHandlers`. */
export function issuerHandlers(issuer: Issuer): Readonly<Record<string, LocalHandler>> {
  return {
    [DISCOVERY_PATH]: async () => json(200, issuer.documents[DISCOVERY_PATH]),
    [JWKS_PATH]: async () => json(200, issuer.documents[JWKS_PATH]),
  };
}

/** `GET /_local/calls` → `{ "Deliver rds-data:/Execute": 12, … }`, since the start. */
export function callsHandler(counts: CallCounts): LocalHandler {
  return async ({ method }) => (method === 'GET' ? json(200, JSON.stringify(counts.all())) : notAllowed('GET'));
}

/** `GET /_local/decisions` → every different question that was put to the roles, with its answer, since the start. */
export function decisionsHandler(authorizer: Pick<Authorizer, 'seen'>): LocalHandler {
  return async ({ method }) => (method === 'GET' ? json(200, JSON.stringify(authorizer.seen())) : notAllowed('GET'));
}

export interface TokenHandlerProps {
  readonly issuer: Issuer;
  /** The stack's `accountClaim` and `jwtAudience`. */
  readonly claimName: string;
  readonly audience: string;
}

const tokenRequest = z.strictObject({
  accountId: z.string().min(1),
  sub: z.string().min(1).optional(),
  scope: z.string().optional(),
});

/**
 * `POST /_local/token` `{ accountId, sub?, scope? }` → `{ access_token, token_type, expires_in }`. No CORS headers: a page
 * from the web must not be able to read tokens off a developer's machine. Source: design section 8.
 */
export function tokenHandler(props: TokenHandlerProps): LocalHandler {
  return async (request) => {
    if (request.method !== 'POST') return notAllowed('POST');
    const parsed = tokenRequest.safeParse(parseJson(request.body));
    if (!parsed.success) return invalid(z.prettifyError(parsed.error));
    const { accountId, sub, scope } = parsed.data;
    const token = await props.issuer.mintToken({
      accountId,
      claimName: props.claimName,
      audience: props.audience,
      expiresInSeconds: TOKEN_LIFE_SECONDS,
      ...(sub !== undefined && { sub }),
      ...(scope !== undefined && { scope }),
    });
    return json(200, JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: TOKEN_LIFE_SECONDS }));
  };
}

const TOKEN_LIFE_SECONDS = 3600;

/** `PUT /_local/faults` `{ service, mode, delayMs? }`; PUT and GET answer the state of all. Source: design section 8. */
export function faultsHandler(faults: Faults): LocalHandler {
  return async (request) => {
    if (request.method !== 'PUT' && request.method !== 'GET') return notAllowed('GET, PUT');
    if (request.method === 'PUT') {
      const parsed = parseFault(parseJson(request.body));
      if (parsed === undefined) return invalid('give { service, mode, delayMs? } as in the documentation');
      faults.set(parsed.name, parsed.fault);
    }
    return json(200, JSON.stringify(faults.all()));
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function invalid(message: string): HttpAnswer {
  return json(400, JSON.stringify({ error: 'VALIDATION_ERROR', message }));
}

function notAllowed(allow: string): HttpAnswer {
  return { status: 405, headers: { allow }, body: '' };
}

function json(status: number, body: string): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
