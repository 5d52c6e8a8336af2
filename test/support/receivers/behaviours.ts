/** Everything that customers' endpoints have been seen to do. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Behaviour } from './receiver.ts';

export function answer(status: number, headers: OutgoingHttpHeaders = {}, body: string | Buffer = ''): Behaviour {
  return { onRequest: (_request, response) => response.writeHead(status, headers).end(body) };
}

/** 500 to the first `times` requests of each delivery, then 200. */
export function failFirst(times: number): Behaviour {
  return {
    onRequest: ({ attempt }, response) => response.writeHead(attempt <= times ? 500 : 200).end(`attempt ${attempt}`),
  };
}

/** The first answer of each delivery is the first of the list, and so on; the last one stays. */
export function inTurn(...behaviours: readonly Behaviour[]): Behaviour {
  return {
    onRequest: (request, response) =>
      (behaviours[request.attempt - 1] ?? behaviours.at(-1))?.onRequest?.(request, response),
  };
}

/** 301 to the very URL that was asked for. */
export const redirectToSelf: Behaviour = {
  onRequest: ({ path }, response) => response.writeHead(301, { location: path }).end(),
};

export const resetBeforeReading: Behaviour = { onConnection: (socket) => socket.resetAndDestroy() };

export const resetAfterReading: Behaviour = { onRequest: (_request, response) => response.socket?.resetAndDestroy() };

/** Reads the request and never answers. */
export const hang: Behaviour = { onRequest: () => undefined };

/** Takes the connection and reads nothing. */
export const hangBeforeReading: Behaviour = { onConnection: (socket) => socket.pause() };

export function answerAfter(ms: number, status = 200): Behaviour {
  return {
    onRequest: async (_request, response) => {
      await delay(ms);
      response.writeHead(status).end();
    },
  };
}

/** 200, then a byte now and again for ever: alive for any idle timeout, and never done. */
export const dripBody: Behaviour = {
  onRequest: async (_request, response) => {
    response.writeHead(200);
    while (!response.destroyed) {
      response.write('.');
      await delay(100);
    }
  },
};

/** The same within the headers. */
export const dripHeaders: Behaviour = {
  onRequest: async (_request, { socket }) => {
    socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
    while (socket?.destroyed === false) {
      socket.write('.');
      await delay(100);
    }
  },
};

/** 200 and a body without end, as fast as the sender reads. `sent` counts what its sockets took. */
export function endless(sent: { bytes: number }): Behaviour {
  return {
    onRequest: async (_request, response) => {
      response.writeHead(200);
      await pour(response, Number.POSITIVE_INFINITY, sent);
    },
  };
}

/** 200 and a body of `bytes`, its length announced. */
export function largeBody(bytes: number, sent: { bytes: number } = { bytes: 0 }): Behaviour {
  return {
    onRequest: async (_request, response) => {
      response.writeHead(200, { 'content-length': bytes });
      await pour(response, bytes, sent);
    },
  };
}

/** 200, a promised length, and half of it before the connection ends. */
export const cutOff: Behaviour = {
  onRequest: (_request, { socket }) => socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it'),
};

/** Something that is not HTTP. */
export const notHttp: Behaviour = { onRequest: (_request, { socket }) => socket?.end('SSH-2.0-OpenSSH_9.6\r\n') };

const CHUNK = Buffer.alloc(65_536, 'x');

async function pour(response: ServerResponse, bytes: number, sent: { bytes: number }): Promise<void> {
  while (sent.bytes < bytes && !response.destroyed) {
    const chunk = CHUNK.subarray(0, Math.min(CHUNK.length, bytes - sent.bytes));
    sent.bytes += chunk.length;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
