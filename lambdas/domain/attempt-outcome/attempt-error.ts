/** Codes of transport errors; responses are `redirect` or `http_<status>`. They are stable: users match on them. */
const MESSAGES = {
  timeout: 'no complete answer before the deadline',
  connection_refused: 'the connection was refused',
  connection_reset: 'the connection was closed before the answer was complete',
  unreachable: 'the host could not be reached',
  dns: 'the name could not be resolved',
  tls: 'the TLS handshake failed',
  target_refused: 'the target is not a public address',
  malformed_response: 'the answer was not valid HTTP',
  transport: 'the request failed before an answer came',
} as const;
export type TransportErrorCode = keyof typeof MESSAGES;
export type AttemptErrorCode = TransportErrorCode | 'redirect' | `http_${number}`;

export interface AttemptError {
  readonly code: AttemptErrorCode;
  /** For people; may be reworded. */
  readonly message: string;
}

/** `lastError` of a delivery and `error` of an attempt. */
export function errorText({ code, message }: AttemptError): string {
  return `${code}: ${message}`;
}

export function transportError(code: TransportErrorCode): AttemptError {
  return { code, message: MESSAGES[code] };
}

/** The error of an answer that is no success. */
export function responseError(status: number): AttemptError {
  if (status >= 300 && status < 400) {
    return { code: 'redirect', message: `the receiver answered ${status}; redirects are not followed` };
  }
  return { code: `http_${status}`, message: `the receiver answered ${status}` };
}

/** Node's and undici's codes. Source: nodejs.org/api/errors.html, tls.html; undici docs, Errors. */
const CODES: ReadonlyMap<string, TransportErrorCode> = new Map([
  ...of('timeout', 'ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ABORT_ERR', 'UND_ERR_ABORTED', 'UND_ERR_CONNECT_TIMEOUT'),
  ...of('timeout', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'),
  ...of('connection_refused', 'ECONNREFUSED'),
  ...of(
    'connection_reset',
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'UND_ERR_SOCKET',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  ),
  ...of('unreachable', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'),
  ...of(
    'dns',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EAI_FAIL',
    'EAI_NODATA',
    'ENODATA',
    'ESERVFAIL',
    'EREFUSED',
    'ETIMEOUT',
    'EBADNAME',
  ),
  ...of('tls', 'EPROTO'),
  ...of('target_refused', 'TARGET_REFUSED'),
  ...of('malformed_response', 'UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RESPONSE'),
]);

/** Families of codes, for those that OpenSSL and the HTTP parser make up as they go. */
const FAMILIES: readonly (readonly [RegExp, TransportErrorCode])[] = [
  [/^HPE_/, 'malformed_response'],
  [
    /^(?:ERR_TLS|ERR_SSL|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/,
    'tls',
  ],
];

/**
 * The stable error of what a client threw, by its `code` or that of its causes (fetch wraps, happy eyeballs gather).
 * Never by its text. Anything unknown is `transport`.
 */
export function transportErrorOf(thrown: unknown): AttemptError {
  return transportError(codeOf(thrown, 5) ?? 'transport');
}

function codeOf(thrown: unknown, depth: number): TransportErrorCode | undefined {
  if (typeof thrown !== 'object' || thrown === null || depth === 0) return undefined;
  const { code, name, cause, errors } = thrown as Readonly<Record<'code' | 'name' | 'cause' | 'errors', unknown>>;
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  // What is no HTTP from its first byte has no code of the parser's.
  if (name === 'HTTPParserError') return 'malformed_response';
  const own =
    typeof code === 'string' ? (CODES.get(code) ?? FAMILIES.find(([family]) => family.test(code))?.[1]) : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return own ?? codeOf(cause, depth - 1) ?? codeOf(first, depth - 1);
}

function of(meaning: TransportErrorCode, ...codes: string[]): [string, TransportErrorCode][] {
  return codes.map((code) => [code, meaning]);
}
