/**
 * A receiver to try things with: it takes every request with 200, says so on the terminal, and shows the last ones under
 * `GET /_local/inbox`. On a port of its own, since Tidegate's own hosts are refused as targets.
 */

import { readBody, readRequest } from '../http-api/http-request.ts';
import { type HttpServer, type HttpServerProps, startHttpServer } from '../http-api/http-server.ts';
import type { LocalHandler } from '../http-api/local-handlers.ts';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';

export interface Arrival {
  readonly receivedAt: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Inbox {
  /** Where to send webhooks. */
  readonly url: string;
  /** Answers `GET` with `{ data: [the newest first] }`. */
  readonly handler: LocalHandler;
  close(): Promise<void>;
}

const KEPT = 100;
const MOST_BODY_BYTES = 1_048_576;
const MOST_HEADER_BYTES = 65_536;

export interface InboxProps {
  /** Remembers the port, so that yesterday's webhooks still find it. */
  readonly portFile: string;
  readonly onArrival: (arrival: Arrival) => void;
}

export async function startInbox({ portFile, onArrival }: InboxProps): Promise<Inbox> {
  const arrivals: Arrival[] = [];
  const server = await listenAgain(portFile, {
    maxHeaderBytes: MOST_HEADER_BYTES,
    answer: async (message) => {
      const { method, rawPath, headers } = readRequest(message);
      const read = await readBody(message, MOST_BODY_BYTES);
      if (read.kind === 'aborted') return undefined;
      const body = read.kind === 'whole' ? read.body.toString('utf8') : '(over 1 MiB)';
      const arrival = { receivedAt: new Date().toISOString(), method, path: rawPath, headers, body };
      arrivals.unshift(arrival);
      arrivals.length = Math.min(arrivals.length, KEPT);
      onArrival(arrival);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"received":true}' };
    },
  });
  return {
    url: `${server.url}/inbox`,
    handler: async () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ data: arrivals }),
    }),
    close: () => server.close(),
  };
}

async function listenAgain(portFile: string, props: Omit<HttpServerProps, 'port'>): Promise<HttpServer> {
  const last = Number(readPrivateFile(portFile) ?? 0);
  // Somebody else may have it now.
  const server = await startHttpServer({ ...props, port: last }).catch(() => startHttpServer({ ...props, port: 0 }));
  if (server.port !== last) writePrivateFile(portFile, String(server.port));
  return server;
}
