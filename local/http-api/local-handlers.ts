/** Paths that belong to the engine and not to the stack: tokens, faults, the issuer's documents. */
import { DISCOVERY_PATH, type Issuer, JWKS_PATH } from '../issuer/issuer.ts';
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

function json(status: number, body: string): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
