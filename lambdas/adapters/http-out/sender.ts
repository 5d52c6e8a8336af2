import { isIP } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { type AttemptError, transportError, transportErrorOf } from '../../domain/attempt-outcome/attempt-error.ts';
import { vetAddress } from '../../domain/target/address.ts';
import { checkTargetUrl, type TargetPolicy } from '../../domain/target/target-url.ts';
import { errorName } from '../sdk/sdk-error.ts';
import { type ResolveAll, TargetRefused, vettedLookup } from './vetted-lookup.ts';

export interface OutgoingRequest {
  readonly url: string;
  readonly method?: 'POST' | 'GET' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Time for everything: DNS, connect, TLS, headers and body, in ms. */
  readonly timeoutMs: number;
}

/** A receiver's answer, whatever its status, is data. */
export type SendResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** As received, repeats kept, names in the receiver's case. */
      readonly headers: ReadonlyArray<readonly [string, string]>;
      /** The first 64 KB. */
      readonly body: Buffer;
      readonly durationMs: number;
    }
  | { readonly kind: 'failed'; readonly error: AttemptError; readonly durationMs: number };

export interface Sender {
  /** Never throws and never repeats: a request that may have been sent is an attempt. No redirect is followed. */
  send(request: OutgoingRequest): Promise<SendResult>;
  close(): Promise<void>;
}

export interface SenderProps {
  readonly policy: TargetPolicy;
  readonly now?: () => number;
  /** Instead of the system's resolver. */
  readonly resolveAll?: ResolveAll;
  /** Certificates to trust in addition to none: replaces the system's, as in tls.connect. */
  readonly ca?: string;
}

/** Bytes of an answer that are read; what follows is discarded, the status decides. Source: design section 4. */
export const MAX_ANSWER_BYTES = 65_536;
/** Sockets to one receiver from one process; more requests wait within their own deadline. */
const SOCKETS_PER_ORIGIN = 64;
/** Idle time after which a socket is closed. Receivers commonly close theirs at 5 s (Node's default). */
const KEEP_ALIVE_MS = 4_000;
const MAX_HEADER_BYTES = 16_384;

export function createSender(props: SenderProps): Sender {
  const now = props.now ?? Date.now;
  const agents = agentThatThaws(props, now);
  return {
    send: async (request) => {
      const startedMs = now();
      const target = checkTargetUrl(request.url, props.policy);
      if (!target.ok) {
        return { kind: 'failed', error: { code: 'target_refused', message: target.message }, durationMs: 0 };
      }
      const answer = await agents.use((agent) => exchange(agent, target.url, request));
      return { ...answer, durationMs: Math.max(0, Math.round(now() - startedMs)) };
    },
    close: () => agents.close(),
  };
}

type Exchange =
  | Omit<Extract<SendResult, { kind: 'answered' }>, 'durationMs'>
  | Omit<Extract<SendResult, { kind: 'failed' }>, 'durationMs'>;

async function exchange(agent: Agent, url: URL, request: OutgoingRequest): Promise<Exchange> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method ?? 'POST',
      headers: request.headers,
      body: request.body,
      signal: deadline,
      responseHeaders: 'raw',
    });
    const body = await readStart(response.body);
    return { kind: 'answered', status: response.statusCode, headers: headerPairs(response.headers), body };
  } catch (error) {
    return { kind: 'failed', error: deadline.aborted ? transportError('timeout') : errorOf(error) };
  }
}

/** undici's parser gives no code for what does not even begin as HTTP. */
function errorOf(error: unknown): AttemptError {
  return errorName(error) === 'HTTPParserError' ? transportError('malformed_response') : transportErrorOf(error);
}

/** An endless answer is an answer: reading stops at the limit, and the connection with it. */
async function readStart(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const part = Buffer.from(chunk);
    chunks.push(part);
    bytes += part.length;
    // Leaving the loop destroys the stream, and its socket with it.
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
}

/** undici gives raw headers as one flat list of names and values. */
function headerPairs(headers: unknown): [string, string][] {
  const flat = Array.isArray(headers) ? headers.map((part) => String(part)) : [];
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return pairs;
}

interface Agents {
  use<T>(work: (agent: Agent) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Lambda freezes a process between invocations: timers stand still, and receivers close sockets that we then believe to
 * be open. A POST on such a socket is a lost attempt, so after a pause longer than any socket may idle the pools start
 * anew.
 */
function agentThatThaws(props: SenderProps, now: () => number): Agents {
  let agent = createAgent(props);
  let running = 0;
  let lastUsedMs = now();
  return {
    use: async (work) => {
      if (running === 0 && now() - lastUsedMs >= KEEP_ALIVE_MS) {
        const old = agent;
        agent = createAgent(props);
        void old.destroy();
      }
      running += 1;
      lastUsedMs = now();
      try {
        return await work(agent);
      } finally {
        running -= 1;
        lastUsedMs = now();
      }
    },
    close: () => agent.destroy(),
  };
}

/** The request's own deadline is the only clock, so undici's are off. */
function createAgent({ policy, resolveAll, ca }: SenderProps): Agent {
  const rule = (address: string) => vetAddress(address, policy.rule, policy.allowed?.ranges);
  const connect = buildConnector({
    timeout: 0,
    lookup: vettedLookup(rule, resolveAll),
    ...(ca === undefined ? {} : { ca }),
  });
  return new Agent({
    connections: SOCKETS_PER_ORIGIN,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Node calls no lookup for a literal: it is vetted here, at every connect.
    connect: (options, callback) => {
      const literal = options.hostname.replace(/^\[|\]$/g, '');
      const verdict = isIP(literal) === 0 ? undefined : rule(literal);
      if (verdict !== undefined && !verdict.ok) {
        callback(new TargetRefused(`the address is ${verdict.range}`), null);
        return;
      }
      connect(options, callback);
    },
  });
}
