import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createSender,
  MAX_ANSWER_BYTES,
  type Sender,
  type SenderProps,
} from '../../../lambdas/adapters/http-out/sender.ts';

const pem = (name: string) => readFileSync(join(import.meta.dirname, 'tls', name), 'utf8');
/** Self-signed, for receiver.test alone. */
const cert = pem('receiver-test-cert.pem');
const key = pem('receiver-test-key.pem');

const closing: Array<() => Promise<unknown> | unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

async function http(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  const port = await listen(server);
  closing.unshift(() => server.closeAllConnections());
  return port;
}

function sender(props: Partial<SenderProps> = {}): Sender {
  const made = createSender({ policy: { rule: 'loopback-allowed', ownHosts: [] }, ...props });
  closing.unshift(() => made.close());
  return made;
}

const post = (from: Sender, url: string, timeoutMs = 2_000) =>
  from.send({
    url,
    headers: { 'content-type': 'application/json', 'X-Case': 'kept' },
    body: Buffer.from('{"a":1}'),
    timeoutMs,
  });
const resolveTo =
  (...addresses: string[]): NonNullable<SenderProps['resolveAll']> =>
  (_name, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

describe('a request', () => {
  it('is one POST with its body and headers, and any status is an answer', async () => {
    const seen: unknown[] = [];
    const port = await http((request, response) => {
      request.on('data', (chunk) => seen.push(request.method, request.url, request.headers['x-case'], String(chunk)));
      request.on('end', () =>
        response
          .writeHead(
            503,
            [
              ['X-One', 'a'],
              ['X-One', 'b'],
            ].flat(),
          )
          .end('busy'),
      );
    });
    const result = await post(sender(), `http://127.0.0.1:${port}/hook?x=%2F`);
    expect(seen).toEqual(['POST', '/hook?x=%2F', 'kept', '{"a":1}']);
    expect(result).toMatchObject({ kind: 'answered', status: 503, body: Buffer.from('busy') });
    expect(result.kind === 'answered' && result.headers.filter(([name]) => name === 'X-One')).toEqual([
      ['X-One', 'a'],
      ['X-One', 'b'],
    ]);
  });

  it('follows no redirect', async () => {
    let requests = 0;
    const port = await http((_request, response) => {
      requests += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(await post(sender(), `http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'answered', status: 307 });
    expect(requests).toBe(1);
  });

  it('reads 64 KB of an endless answer, and goes on with other requests', async () => {
    const port = await http((request, response) => {
      if (request.url === '/next') return void response.end('next');
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(16_384)), 1);
      response.on('close', () => clearInterval(timer));
      return undefined;
    });
    const from = sender();
    const result = await post(from, `http://127.0.0.1:${port}/endless`);
    expect(result).toMatchObject({ kind: 'answered', status: 200 });
    expect(result.kind === 'answered' && result.body.length).toBe(MAX_ANSWER_BYTES);
    expect(await post(from, `http://127.0.0.1:${port}/next`)).toMatchObject({ kind: 'answered', status: 200 });
  });

  it.each(['silent', 'dripping'])('fails at its deadline when the answer is %s', async (how) => {
    const port = await http((_request, response) => {
      if (how === 'silent') return;
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const started = Date.now();
    const result = await post(sender(), `http://127.0.0.1:${port}/`, 300);
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'timeout' } });
    expect(Date.now() - started).toBeLessThan(1_500);
  });

  it.each([
    [
      'a closed port',
      'connection_refused',
      async () => {
        const server = createTcpServer();
        const port = await listen(server);
        await closing.pop()?.();
        return port;
      },
    ],
    [
      'a connection that is cut',
      'connection_reset',
      () => listen(createTcpServer((socket) => socket.once('data', () => socket.destroy()))),
    ],
    [
      'an answer that is no HTTP',
      'malformed_response',
      () => listen(createTcpServer((socket) => socket.once('data', () => socket.end('SMTP ready\r\n')))),
    ],
  ])('to %s fails as %s', async (_what, code, start: () => Promise<number>) => {
    expect(await post(sender(), `http://127.0.0.1:${await start()}/`)).toMatchObject({
      kind: 'failed',
      error: { code },
    });
  });

  it('is never repeated on a connection that broke', async () => {
    let requests = 0;
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', () => {
          requests += 1;
          if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
          else socket.destroy();
        });
      }),
    );
    const from = sender();
    await post(from, `http://127.0.0.1:${port}/`);
    expect(await post(from, `http://127.0.0.1:${port}/`)).toMatchObject({
      kind: 'failed',
      error: { code: 'connection_reset' },
    });
    expect(requests).toBe(2);
  });

  it('keeps a connection alive, but uses none from before a freeze', async () => {
    const sockets = new Set<unknown>();
    const port = await http((request, response) => {
      sockets.add(request.socket);
      response.end();
    });
    let nowMs = 0;
    const from = sender({ now: () => nowMs });
    for (let n = 0; n < 10; n++) await post(from, `http://127.0.0.1:${port}/`);
    const kept = sockets.size;
    // The pool may open a second one before the first is known to be free.
    expect(kept).toBeLessThanOrEqual(2);
    nowMs = 60_000;
    expect(await post(from, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200 });
    expect(sockets.size).toBe(kept + 1);
  });
});

describe('a target', () => {
  const strict = (props: Partial<SenderProps> = {}) => sender({ policy: { rule: 'public', ownHosts: [] }, ...props });
  const refused = { kind: 'failed', error: { code: 'target_refused' } };

  it.each([
    'http://example.com/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/',
    'https://localhost/',
    'https://u:p@example.com/',
    'https://example.com:22/',
  ])('%s is refused before anything is sent', async (url) => {
    expect(await post(strict(), url)).toMatchObject(refused);
  });

  it.each([['10.0.0.1'], ['93.184.215.14', '10.0.0.1'], ['::1'], ['100.64.0.1'], []])(
    'whose name resolves to %j is refused',
    async (...addresses) => {
      expect(await post(strict({ resolveAll: resolveTo(...addresses) }), 'https://name.example/')).toMatchObject(
        refused,
      );
    },
  );

  it('that is a host of Tidegate itself is refused', async () => {
    const own = sender({
      policy: { rule: 'public', ownHosts: [{ host: 'api.example', port: undefined }] },
      resolveAll: resolveTo('93.184.215.14'),
    });
    expect(await post(own, 'https://api.example/x')).toMatchObject(refused);
  });

  it('is connected to at the vetted address, with SNI and Host of its name, and its certificate is checked for that', async () => {
    const seen: unknown[] = [];
    const server = createTlsServer({ cert, key }, (request, response) => {
      seen.push(request.headers.host, (request.socket as TLSSocket).servername);
      response.end('ok');
    });
    const port = await listen(server);
    closing.unshift(() => server.closeAllConnections());
    const trusting = sender({ ca: cert, resolveAll: resolveTo('127.0.0.1') });
    expect(await post(trusting, `https://receiver.test:${port}/`)).toMatchObject({ kind: 'answered', status: 200 });
    expect(seen).toEqual([`receiver.test:${port}`, 'receiver.test']);
    const tls = { kind: 'failed', error: { code: 'tls' } };
    expect(await post(trusting, `https://other.test:${port}/`)).toMatchObject(tls);
    expect(await post(sender({ resolveAll: resolveTo('127.0.0.1') }), `https://receiver.test:${port}/`)).toMatchObject(
      tls,
    );
  });

  it('whose name does not resolve fails as dns', async () => {
    const missing: SenderProps['resolveAll'] = (_name, callback) =>
      callback(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), []);
    expect(await post(strict({ resolveAll: missing }), 'https://nowhere.example/')).toMatchObject({
      error: { code: 'dns' },
    });
  });
});
