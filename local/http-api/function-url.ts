/**
 * A Lambda function URL. Unlike the HTTP API it hands on the raw path, and has no 10,240-byte limit on headers.
 * Source: Lambda Developer Guide, "Invoking Lambda function URLs", request and response payloads.
 */

import { randomUUID } from 'node:crypto';
import { LOCAL_REGION } from '../services/service.ts';
import { createEvent, type ProxyEvent } from './event.ts';
import { type HttpRequest, readBody, readRequest } from './http-request.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { callFunction, type Invoke } from './integration.ts';
import { type HttpAnswer, MOST_PAYLOAD_BYTES } from './proxy-response.ts';

export interface FunctionUrlProps {
  readonly functionName: string;
  readonly invoke: Invoke;
  /** @default 0, a free one */
  readonly port?: number;
  /** @default 900_000, the longest that a function runs: a function URL has no timeout of its own */
  readonly timeoutMs?: number;
}

const LONGEST_RUN_MS = 900_000;
// AWS names no limit for function URLs; this is only where Node stops.
const NODE_HEADER_BYTES = 256 * 1024;

/** Starts the URL of one function. @throws EADDRINUSE when the port is taken. */
export function startFunctionUrl(props: FunctionUrlProps): Promise<HttpServer> {
  return startHttpServer({
    port: props.port ?? 0,
    maxHeaderBytes: NODE_HEADER_BYTES,
    answer: async (message, port) => {
      const request = readRequest(message);
      const read = await readBody(message, MOST_PAYLOAD_BYTES);
      if (read.kind === 'aborted') return undefined;
      if (read.kind === 'too-large') return failure(413, 'Request must be smaller than 6291456 bytes');
      const outcome = await callFunction({
        invoke: props.invoke,
        functionName: props.functionName,
        timeoutMs: props.timeoutMs ?? LONGEST_RUN_MS,
        defaultContentType: 'application/json',
        event: functionUrlEvent({ request, body: read.body, port, functionName: props.functionName }),
      });
      if (outcome.kind === 'answered') return outcome.answer;
      if (outcome.kind === 'too-large') return failure(413, 'Request must be smaller than 6291456 bytes');
      return failure(502, 'Internal Server Error');
    },
  });
}

export interface FunctionUrlEventProps {
  readonly request: HttpRequest;
  readonly body: Buffer;
  readonly port: number;
  readonly functionName: string;
}

/** The event of a function URL: route `$default`, path and query as they stood on the request line. */
export function functionUrlEvent(props: FunctionUrlEventProps): ProxyEvent {
  const urlId = props.functionName.toLowerCase();
  return createEvent({
    request: props.request,
    body: props.body,
    path: props.request.rawPath,
    routeKey: '$default',
    requestId: randomUUID(),
    apiId: urlId,
    domainName: `${urlId}.lambda-url.${LOCAL_REGION}.on.aws`,
    port: props.port,
  });
}

function failure(status: number, message: string): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Message: message }) };
}
