/** A node:http server on 127.0.0.1 that turns each request into one answer; the HTTP API and function URLs stand on it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpAnswer } from './proxy-response.ts';

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Stops listening, lets running requests end for `graceMs`, then cuts the rest. */
  close(graceMs?: number): Promise<void>;
}

export interface HttpServerProps {
  readonly port: number;
  /** Bytes of request line and headers that Node itself takes; beyond them it answers 431 without asking. */
  readonly maxHeaderBytes: number;
  /** @returns undefined when nobody is left to answer. */
  readonly answer: (message: IncomingMessage, port: number) => Promise<HttpAnswer | undefined>;
}

/** @throws EADDRINUSE when `port` is taken. */
export async function startHttpServer(props: HttpServerProps): Promise<HttpServer> {
  const server = createServer({ maxHeaderSize: props.maxHeaderBytes }, (message, response) => {
    props
      .answer(message, port)
      .then((answer) => answer && write(message, response, answer))
      .catch((error: unknown) => {
        console.error(error);
        response.destroy();
      });
  });
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(props.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: (graceMs = 0) =>
      new Promise((resolve, reject) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close((error) => {
          clearTimeout(cut);
          if (error === undefined) resolve();
          else reject(error);
        });
        server.closeIdleConnections();
      }),
  };
}

function write(message: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const isBodiless = answer.status === 204 || answer.status === 304;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(!isBodiless && { 'content-length': Buffer.byteLength(answer.body) }),
    ...(answer.cookies !== undefined && answer.cookies.length > 0 && { 'set-cookie': [...answer.cookies] }),
    // Node discards a body that nobody began to read; what is left of one that was given up needs the socket's end.
    ...(!message.complete && message.isPaused() && { connection: 'close' }),
  });
  response.end(isBodiless || message.method === 'HEAD' ? undefined : answer.body);
}
