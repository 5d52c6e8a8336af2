import { isUtf8 } from 'node:buffer';
import { truncateUtf8 } from './clean-text.ts';

/** What an attempt keeps of its response. Source: design section 2. */
export const SUCCESS_BODY_MAX_BYTES = 1024;
export const FAILURE_BODY_MAX_BYTES = 16 * 1024;

/** The bytes of a response that are kept with the attempt. */
export function capturedBody(body: Buffer, isSuccess: boolean): Buffer {
  return truncateUtf8(body, isSuccess ? SUCCESS_BODY_MAX_BYTES : FAILURE_BODY_MAX_BYTES);
}

export interface EncodedBody {
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
}

/** Bytes as the API shows them: text where they are UTF-8, else base64, so that nothing is lost. */
export function encodedBody(bytes: Buffer): EncodedBody {
  if (isUtf8(bytes)) return { body: bytes.toString('utf8'), encoding: 'utf8' };
  return { body: bytes.toString('base64'), encoding: 'base64' };
}
