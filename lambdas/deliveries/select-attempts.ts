import { z } from 'zod';
import type { Database, QueryOptions, Statement } from '../adapters/database/database.ts';

const attemptRowSchema = z.object({
  generation: z.number(),
  attemptNumber: z.number(),
  startedAt: z.string().transform((text) => new Date(text).toISOString()),
  durationMs: z.number(),
  httpStatus: z.number().nullable(),
  error: z.string().nullable(),
  /** JSON text. */
  responseHeaders: z.string().nullable(),
  /** base64 */
  responseBody: z.string().nullable(),
});
type AttemptRow = z.output<typeof attemptRowSchema>;

/** A row holds up to 16 KB of body (22 KB as base64) and its headers: 20 stay below the 1 MiB of a result set. */
const PAGE = 20;

const selectAttempts: Statement<AttemptRow> = {
  isRepeatable: true,
  row: attemptRowSchema,
  sql: `
    SELECT json_build_object(
             'generation', generation, 'attemptNumber', attempt_number, 'startedAt', started_at,
             'durationMs', duration_ms, 'httpStatus', http_status, 'error', error, 'responseHeaders', response_headers,
             'responseBody', translate(encode(response_body, 'base64'), E'\\n', ''))::text
      FROM hook.delivery_attempts
     WHERE delivery_id = :id::uuid AND (generation, attempt_number) > (:generation::int, :number::int)
     ORDER BY generation, attempt_number
     LIMIT :limit`,
};

/** All attempts of a delivery, oldest first. */
export async function readAttempts(database: Database, id: string, options: QueryOptions): Promise<AttemptRow[]> {
  const attempts: AttemptRow[] = [];
  for (;;) {
    const last = attempts.at(-1);
    const after = { generation: last?.generation ?? -1, number: last?.attemptNumber ?? 0 };
    const page = await database.query(selectAttempts, { id, ...after, limit: PAGE }, options);
    attempts.push(...page);
    if (page.length < PAGE) return attempts;
  }
}

/** The attempt of the API: a body that is UTF-8 as text, any other as base64. */
export function attemptView({ responseHeaders, responseBody, ...attempt }: AttemptRow): Record<string, unknown> {
  const headers: unknown = responseHeaders === null ? [] : JSON.parse(responseHeaders);
  return { ...attempt, responseHeaders: headers, ...bodyView(responseBody) };
}

function bodyView(base64: string | null): { responseBody: string | null; responseBodyEncoding: 'utf8' | 'base64' } {
  if (base64 === null) return { responseBody: null, responseBodyEncoding: 'utf8' };
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'));
    return { responseBody: text, responseBodyEncoding: 'utf8' };
  } catch {
    return { responseBody: base64, responseBodyEncoding: 'base64' };
  }
}
