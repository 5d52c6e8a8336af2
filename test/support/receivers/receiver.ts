/**
 * A customer's endpoint on 127.0.0.1 for whole-engine tests: keeps every request as it came over the wire, and behaves
 * as it is told.
 *
 *     const receiver = await startReceiver(answer(200));
 *     … receiver.url, receiver.requests, receiver.behave(resetAfterReading) …
 *     await receiver.close();
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { SELF_SIGNED } from './self-signed.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** `webhook-id`. */
  readonly deliveryId: string;
  /** 1-based, of this delivery. */
  readonly attempt: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the sender's own case and order. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** Unix ms at which the body was complete. */
  readonly atMs: number;
}

/** What a receiver does with a connection, or with a request that was read whole. */
export interface Behaviour {
  /** Called before a byte is read; the requests of such a connection are not recorded, unless it is left alone. */
  readonly onConnection?: (socket: Socket) => void;
  readonly onRequest?: (request: ReceivedRequest, response: ServerResponse) => unknown;
}

export interface Receiver {
  /** To register; with a path and a query, which must arrive as they are. */
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** Connections accepted, also those that sent nothing. */
  readonly connections: number;
  /** From now on. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export interface ReceiverProps {
  /** https with a certificate that nobody trusts. @default false */
  readonly isTls?: boolean;
}

export async function startReceiver(behaviour: Behaviour, { isTls = false }: ReceiverProps = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  let current = behaviour;
  let connections = 0;
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    read(message, requests).then(
      (request) => current.onRequest?.(request, response),
      // The sender went away while it was being read.
      () => undefined,
    );
  };
  const server: Server = isTls ? createTlsServer(SELF_SIGNED, onRequest) : createServer(onRequest);
  server.prependListener('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    current.onConnection?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${isTls ? 'https' : 'http'}://127.0.0.1:${port}/hook/a%2Fb?key=1&key=%20`,
    requests,
    get connections() {
      return connections;
    },
    behave: (next) => {
      current = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A URL at which nobody listens. */
export async function refusedUrl(): Promise<string> {
  const receiver = await startReceiver({});
  await receiver.close();
  return receiver.url;
}

async function read(message: IncomingMessage, requests: ReceivedRequest[]): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const deliveryId = String(message.headers['webhook-id']);
  const request: ReceivedRequest = {
    method: message.method ?? '',
    path: message.url ?? '',
    deliveryId,
    attempt: requests.filter((earlier) => earlier.deliveryId === deliveryId).length + 1,
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    body: Buffer.concat(chunks),
    atMs: Date.now(),
  };
  requests.push(request);
  return request;
}
