import type { Database, QueryOptions } from '../adapters/database/database.ts';
import { encodedBody } from '../domain/text/response-body.ts';
import { type AttemptRow, selectAttempts } from './select-attempts.ts';

export interface AttemptTexts {
  /** JSON texts, oldest first. */
  readonly texts: readonly string[];
  /** Whether these are all: retries by hand have no end, an answer has one. */
  readonly areAll: boolean;
}

/** Rows of one call: 16 of the longest, 64 KB, are the 1 MiB of a result set. */
const ROWS_PER_CALL = 16;
/**
 * Characters of all attempts in one answer. It travels as text inside JSON, which may double it, and Lambda's answer
 * holds 6 MB with the payload. Source: Lambda Developer Guide, "Lambda quotas", invocation payload.
 */
const MAX_CHARS = 2_000_000;
const LARGEST_INT = 2_147_483_647;

/** The attempts of a delivery, the newest of them where there are too many for one answer. */
export async function readAttempts(database: Database, id: string, options: QueryOptions): Promise<AttemptTexts> {
  const texts: string[] = [];
  let chars = 0;
  let before = { generation: LARGEST_INT, number: LARGEST_INT };
  for (;;) {
    const rows = await database.query(selectAttempts, { id, ...before, limit: ROWS_PER_CALL }, options);
    for (const row of rows) {
      const text = JSON.stringify(attemptView(row));
      chars += text.length;
      if (chars > MAX_CHARS) return { texts: texts.reverse(), areAll: false };
      texts.push(text);
      before = { generation: row.generation, number: row.attemptNumber };
    }
    if (rows.length < ROWS_PER_CALL) return { texts: texts.reverse(), areAll: true };
  }
}

/** The attempt of the API: design section 10, shapes. A body that is UTF-8 is text, any other base64. */
function attemptView({ responseHeaders, responseBody, ...attempt }: AttemptRow): Record<string, unknown> {
  const body = responseBody === null ? null : encodedBody(Buffer.from(responseBody, 'base64'));
  return {
    ...attempt,
    responseHeaders: responseHeaders ?? [],
    responseBody: body?.body ?? null,
    responseBodyEncoding: body?.encoding ?? 'utf8',
  };
}
