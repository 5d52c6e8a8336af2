/** Calling the function behind a request, with the limits that AWS sets on the way there and back. */
import type { ProxyEvent } from './event.ts';
import { type HttpAnswer, MOST_PAYLOAD_BYTES, toHttpAnswer } from './proxy-response.ts';

/** Runs a function; rejects on a function error (an exception, a timeout of its own, a crash). */
export type Invoke = (functionName: string, event: ProxyEvent) => Promise<unknown>;

export type IntegrationOutcome =
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'failed' };

export interface IntegrationProps {
  readonly invoke: Invoke;
  readonly functionName: string;
  readonly event: ProxyEvent;
  readonly timeoutMs: number;
  /** What an answer without content-type gets. */
  readonly defaultContentType: string;
}

export async function callFunction(props: IntegrationProps): Promise<IntegrationOutcome> {
  if (isTooLarge(props.event)) return { kind: 'too-large' };
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<IntegrationOutcome>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'timed-out' }), props.timeoutMs);
  });
  try {
    return await Promise.race([invokeAndMap(props), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

async function invokeAndMap(props: IntegrationProps): Promise<IntegrationOutcome> {
  try {
    const answer = toHttpAnswer(await props.invoke(props.functionName, props.event), props.defaultContentType);
    return answer === undefined ? { kind: 'failed' } : { kind: 'answered', answer };
  } catch {
    // The function's own log has the reason; AWS shows callers none of it.
    return { kind: 'failed' };
  }
}

/** Lambda takes 6 MB of event, body (as JSON text or base64) and headers together. Small ones are not written to see. */
function isTooLarge(event: ProxyEvent): boolean {
  if ((event.body?.length ?? 0) < MOST_PAYLOAD_BYTES / 8) return false;
  return Buffer.byteLength(JSON.stringify(event)) > MOST_PAYLOAD_BYTES;
}
