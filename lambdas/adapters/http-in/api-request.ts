import type { APIGatewayEventRequestContextV2, APIGatewayProxyEventV2WithRequestContext } from 'aws-lambda';
import { ApiError } from '../../domain/api-error/api-error.ts';
import { hasForbiddenCharacters } from '../../domain/text/forbidden-characters.ts';

/** Of every `account_id` column. */
const ACCOUNT_MAX_CHARS = 128;

/** Who calls, as the gateway's authorizer proved it. */
export interface Caller {
  readonly accountId: string;
  /** The token's subject; empty when it carries none. */
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
}

/** One request as an operation sees it. */
export interface ApiRequest {
  readonly query: Readonly<Record<string, string>>;
  readonly path: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Unix milliseconds at which the handler was entered. */
  readonly receivedAtMs: number;
  /** @throws ApiError UNAUTHORIZED without claims, FORBIDDEN without the account claim. */
  caller(): Caller;
  /**
   * The body's own bytes, before any parsing.
   * @throws ApiError VALIDATION_ERROR when they were no UTF-8 and the gateway has already put U+FFFD in their place.
   */
  body(): Buffer;
}

/** The typings know the authorizer only on events of authorized routes; a function here serves both kinds. */
export type GatewayEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & {
    readonly authorizer?: { readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> } };
  }
>;

/** HTTP API, payload format 2.0. `accountClaim` names the claim that holds the account. */
export function apiRequest(event: GatewayEvent, accountClaim: string, receivedAtMs: number): ApiRequest {
  return {
    query: defined(event.queryStringParameters ?? {}),
    path: defined(event.pathParameters ?? {}),
    headers: defined(event.headers),
    receivedAtMs,
    caller: () => callerFrom(event, accountClaim),
    body: () => bodyFrom(event),
  };
}

/**
 * The scope that opens a route. It is checked here and not in the gateway, whose 403 cannot carry our error code.
 * @throws ApiError FORBIDDEN
 */
export function requireScope(caller: Caller, scope: 'webhooks:admin' | 'events:write'): void {
  if (!caller.scopes.has(scope)) {
    throw new ApiError('FORBIDDEN', `This needs a token with the scope ${scope}`);
  }
}

/**
 * A body of a text type reaches the function as text: what was no UTF-8 is U+FFFD by then, and stored so it would be
 * another event than the one sent. The length on the wire tells the two apart (but for a cut character of four bytes,
 * whose three left over are as long as U+FFFD).
 */
function bodyFrom({ body = '', isBase64Encoded, headers }: GatewayEvent): Buffer {
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  const sentBytes = headers['content-length'];
  if (!isBase64Encoded && sentBytes !== undefined && body.includes('\ufffd') && Number(sentBytes) !== bytes.length) {
    throw new ApiError('VALIDATION_ERROR', 'the body is not valid UTF-8');
  }
  return bytes;
}

function callerFrom(event: GatewayEvent, accountClaim: string): Caller {
  const claims = event.requestContext.authorizer?.jwt?.claims;
  if (claims === undefined) throw new ApiError('UNAUTHORIZED', 'This needs a bearer token');
  const accountId = claims[accountClaim];
  if (typeof accountId !== 'string' || !isUsableAccount(accountId)) {
    throw new ApiError('FORBIDDEN', `The token has no usable claim ${accountClaim}, which names the account`);
  }
  const { sub, scope, scp } = claims;
  return { accountId, subject: typeof sub === 'string' ? sub : '', scopes: new Set([...words(scope), ...words(scp)]) };
}

function isUsableAccount(text: string): boolean {
  return text !== '' && text.length <= ACCOUNT_MAX_CHARS && !hasForbiddenCharacters(text);
}

/** Claims reach a function as text; a claim that was a list arrives as `[a b]`. Source: HTTP API JWT authorizers. */
function words(claim: unknown): string[] {
  return typeof claim === 'string'
    ? claim
        .replace(/^\[|\]$/g, '')
        .split(/[\s,]+/)
        .filter((word) => word !== '')
    : [];
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
