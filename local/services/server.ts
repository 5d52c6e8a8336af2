/** The one HTTP server of all local AWS services, on 127.0.0.1. It only carries bytes; `dispatcher.ts` decides. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDispatcher, type Dispatch, type DispatcherProps } from './dispatcher.ts';
import type { ServiceResponse } from './service.ts';

export interface ServiceServerProps extends DispatcherProps {
  /** @default 0, a free one */
  readonly port?: number;
}

export interface ServiceServer {
  /** Base of every service's endpoint: `<url>/sqs`, `<url>/events`, … No slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Answers without a socket, for callers in this process. */
  readonly dispatch: Dispatch;
  /** Stops listening and cuts what is still open (a long poll would hold it for 20 s). */
  close(): Promise<void>;
}

const NO_BODY = Buffer.alloc(0);

/** @throws EADDRINUSE when `port` is taken. */
export async function startServiceServer(props: ServiceServerProps): Promise<ServiceServer> {
  const dispatch = createDispatcher(props);
  const server = createServer((request, response) => {
    serve(dispatch, request, response).catch((error: unknown) => response.destroy(toError(error)));
  });
  // Node's 5 s would close pooled sockets under SDK clients that pause longer, who then meet ECONNRESET on reuse.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(props.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    dispatch,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

async function serve(dispatch: Dispatch, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) return;
  const answer = await dispatch({
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: flatHeaders(request),
    body,
  });
  write(response, answer, request.method === 'HEAD');
}

/** @returns undefined when the client went away before its body was whole. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () =>
      resolve(chunks.length === 1 ? chunks[0] : chunks.length === 0 ? NO_BODY : Buffer.concat(chunks)),
    );
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in request.headers) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(',');
  }
  return headers;
}

function write(response: ServerResponse, answer: ServiceResponse, isHead: boolean): void {
  const isBodiless = isHead || answer.status === 204 || answer.status === 304;
  const length = typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.length;
  // A HEAD answer tells the length of what it leaves out (S3 HeadObject); the service then names it itself.
  response.writeHead(answer.status, isBodiless ? answer.headers : { ...answer.headers, 'content-length': length });
  response.end(isBodiless ? undefined : answer.body);
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
