/**
 * What a function's result means in HTTP, by payload format 2.0.
 * Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs", response format 2.0.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** One `set-cookie` each. */
  readonly cookies?: readonly string[];
  readonly body: string | Buffer;
}

/** Lambda's limit on a response. Source: Lambda quotas, "Invocation payload (request and response)". */
export const MOST_PAYLOAD_BYTES = 6 * 1024 * 1024;

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const proxyResult = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), scalar.nullable()).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** @returns undefined for a result that makes no HTTP answer (API Gateway: 500; a function URL: 502). */
export function toHttpAnswer(result: unknown, defaultContentType: string): HttpAnswer | undefined {
  const answer = hasStatusCode(result) ? mapped(result, defaultContentType) : inferred(result);
  return answer !== undefined && answer.body.length <= MOST_PAYLOAD_BYTES ? answer : undefined;
}

function hasStatusCode(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'statusCode' in result;
}

/** Without a status code the result is the body: 200, application/json. */
function inferred(result: unknown): HttpAnswer {
  const body = typeof result === 'string' ? result : JSON.stringify(result ?? null);
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function mapped(result: unknown, defaultContentType: string): HttpAnswer | undefined {
  const parsed = proxyResult.safeParse(result);
  if (!parsed.success) return undefined;
  const { statusCode: status, headers, cookies, body = '', isBase64Encoded } = parsed.data;
  const cleaned = cleanHeaders(headers ?? {});
  if (cleaned === undefined) return undefined;
  return {
    status,
    headers: { 'content-type': defaultContentType, ...cleaned },
    ...(cookies && { cookies }),
    body: isBase64Encoded === true ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
  };
}

/** Length and connection are the front end's own; a name or value that HTTP does not allow spoils the answer. */
const OWN = new Set(['content-length', 'connection', 'transfer-encoding', 'keep-alive']);

function cleanHeaders(headers: Readonly<Record<string, string | null>>): Record<string, string> | undefined {
  const cleaned: Record<string, string> = {};
  try {
    for (const [name, value] of Object.entries(headers)) {
      const key = name.toLowerCase();
      if (value === null || OWN.has(key)) continue;
      validateHeaderName(key);
      validateHeaderValue(key, value);
      cleaned[key] = value;
    }
  } catch {
    return undefined;
  }
  return cleaned;
}
