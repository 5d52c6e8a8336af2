/**
 * Takes apart the body of an upload whose checksum follows it: `<hex size>[;…]\r\n<bytes>\r\n … 0\r\n<trailers>\r\n`.
 * SDK clients send streams so. Source: S3 API Reference, "Signature calculations … using multiple chunks", "trailing headers".
 */
import { ServiceError } from '../services/service.ts';

export interface DecodedBody {
  readonly body: Buffer;
  /** Names in lower case. */
  readonly trailers: Readonly<Record<string, string>>;
}

const LINE_END = Buffer.from('\r\n');

/** @throws ServiceError IncompleteBody when chunks are malformed or cut off. */
export function decodeAwsChunked(encoded: Buffer): DecodedBody {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = encoded.indexOf(LINE_END, at);
    const size = Number.parseInt(encoded.toString('latin1', at, lineEnd < 0 ? at : lineEnd), 16);
    const start = lineEnd + LINE_END.length;
    if (lineEnd < 0 || Number.isNaN(size) || start + size > encoded.length) throw incomplete();
    if (size === 0) return { body: Buffer.concat(parts), trailers: readTrailers(encoded.toString('latin1', start)) };
    parts.push(encoded.subarray(start, start + size));
    at = start + size + LINE_END.length;
  }
}

function readTrailers(text: string): Record<string, string> {
  const trailers: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return trailers;
}

function incomplete(): ServiceError {
  return new ServiceError('IncompleteBody', 'The request body terminated unexpectedly', 400);
}
