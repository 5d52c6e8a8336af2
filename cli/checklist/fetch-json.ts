export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when the body is not JSON. */
  readonly json: unknown;
  /** Until the whole body was here. */
  readonly tookMs: number;
}

export interface FetchProps {
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An address that gave no answer in time, in words for the operator. */
export class NoAnswerError extends Error {
  readonly code = 'NO_ANSWER';
}

/** @throws NoAnswerError; any status is an answer. */
export async function fetchJson(url: string, { timeoutMs, headers = {} }: FetchProps): Promise<HttpAnswer> {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { headers, signal });
    const text = await response.text();
    const tookMs = Math.round(performance.now() - startedAt);
    return { status: response.status, headers: response.headers, json: parse(text), tookMs };
  } catch (cause) {
    const reason = signal.aborted ? `not within ${timeoutMs} ms` : reasonOf(cause);
    throw new NoAnswerError(`${url} gave no answer (${reason})`, { cause });
  }
}

/** Node's fetch says `fetch failed`; what failed stands in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
