/** A request as it came over the socket, read once for the HTTP API and for function URLs. */
import type { IncomingMessage } from 'node:http';

export interface HttpRequest {
  readonly method: string;
  /** Path of the request line as sent, percent-encoded. */
  readonly rawPath: string;
  /** What follows `?`, as sent; empty without one. */
  readonly rawQuery: string;
  /** Names in lower case, repeats joined with commas in their order; `cookie` is left out. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  /** Bytes of request line, header names and header values. */
  readonly headBytes: number;
  readonly sourceIp: string;
}

export function readRequest(message: IncomingMessage): HttpRequest {
  const method = message.method ?? 'GET';
  const target = message.url ?? '/';
  const questionMark = target.indexOf('?');
  return {
    method,
    rawPath: questionMark < 0 ? target : target.slice(0, questionMark),
    rawQuery: questionMark < 0 ? '' : target.slice(questionMark + 1),
    ...readHeaders(message.rawHeaders, `${method} ${target} HTTP/1.1`.length),
    sourceIp: message.socket.remoteAddress ?? '127.0.0.1',
  };
}

/** @param lineBytes the request line, which Node guarantees to be ASCII (as it does latin1 for header values). */
function readHeaders(
  rawHeaders: readonly string[],
  lineBytes: number,
): Pick<HttpRequest, 'headers' | 'cookies' | 'headBytes'> {
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  let headBytes = lineBytes;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    headBytes += name.length + value.length;
    const key = name.toLowerCase();
    const earlier = Object.hasOwn(headers, key) ? headers[key] : undefined;
    // The body is handed on whole: how it was cut into chunks on the wire is no business of the function.
    if (key === 'transfer-encoding') continue;
    if (key === 'cookie') cookies.push(...value.split(/; ?/).filter((cookie) => cookie !== ''));
    else headers[key] = earlier === undefined ? value : `${earlier},${value}`;
  }
  return { headers, cookies, headBytes };
}

export type BodyOutcome =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'aborted' };

// A client that is still sending meets a reset instead of our 413, so this much is taken off its hands first.
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;

/** Reads the body; of one over `limitBytes` nothing is kept. */
export function readBody(message: IncomingMessage, limitBytes: number): Promise<BodyOutcome> {
  // Gone while its token was checked: no event would come any more.
  if (message.destroyed) return Promise.resolve({ kind: 'aborted' });
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limitBytes) chunks.push(chunk);
      else chunks = [];
      if (bytes > MOST_DISCARDED_BYTES) {
        message.pause();
        resolve({ kind: 'too-large' });
      }
    });
    message.on('end', () =>
      resolve(bytes > limitBytes ? { kind: 'too-large' } : { kind: 'whole', body: join(chunks) }),
    );
    message.on('error', () => resolve({ kind: 'aborted' }));
    message.on('close', () => resolve({ kind: 'aborted' }));
  });
}

function join(chunks: readonly Buffer[]): Buffer {
  const [only, ...others] = chunks;
  return only !== undefined && others.length === 0 ? only : Buffer.concat(chunks);
}
