import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';
import { timestampSchema } from '../adapters/database/timestamp.ts';

const attemptRowSchema = z.object({
  generation: z.number(),
  attemptNumber: z.number(),
  startedAt: timestampSchema,
  durationMs: z.number(),
  httpStatus: z.number().nullable(),
  error: z.string().nullable(),
  /** `[[name, value], …]` as received. */
  responseHeaders: z.unknown(),
  /** base64 */
  responseBody: z.string().nullable(),
});
export type AttemptRow = z.output<typeof attemptRowSchema>;

/**
 * Attempts before the given one, newest first. A row of the Data API holds 64 KB (AuroraUserGuide,
 * data-api.limitations), of which a body of 16 KB takes 22 in base64. So headers are read as the JSON that they are
 * (as text in JSON each quote would be four bytes), and over 30,000 bytes they are left out.
 */
export const selectAttempts: Statement<AttemptRow> = {
  isRepeatable: true,
  row: attemptRowSchema,
  sql: `
    SELECT json_build_object(
             'generation', generation, 'attemptNumber', attempt_number, 'startedAt', started_at,
             'durationMs', duration_ms, 'httpStatus', http_status, 'error', error,
             'responseHeaders', CASE WHEN octet_length(response_headers) <= 30000 THEN response_headers::json END,
             'responseBody', translate(encode(response_body, 'base64'), E'\\n', ''))::text
      FROM hook.delivery_attempts
     WHERE delivery_id = :id::uuid AND (generation, attempt_number) < (:generation::int, :number::int)
     ORDER BY generation DESC, attempt_number DESC
     LIMIT :limit`,
};
