import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProxyEvent } from '../../../local/http-api/event.ts';
import { startFunctionUrl } from '../../../local/http-api/function-url.ts';
import type { HttpServer } from '../../../local/http-api/http-server.ts';
import { rawRequest, sendRaw } from './raw-request.ts';

describe('function URL', () => {
  let server: HttpServer;
  let events: ProxyEvent[];
  let result: unknown;

  beforeEach(async () => {
    events = [];
    result = { statusCode: 202, body: '{}' };
    server = await startFunctionUrl({
      functionName: 'CaptureFn',
      invoke: async (_, event) => {
        events.push(event);
        return result instanceof Error ? Promise.reject(result) : result;
      },
    });
  });
  afterEach(() => server.close());
  const send = (line: string, headers: string[] = [], body = '') =>
    sendRaw(server.port, rawRequest(line, headers, body));

  it('hands on path and query as they stood on the wire', async () => {
    await send('POST /in/shop/a%2Fb//c%3Fd/..%2e/+%20?x=%41&y=1+2&x=&z');
    expect(events[0]).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/in/shop/a%2Fb//c%3Fd/..%2e/+%20',
      rawQueryString: 'x=%41&y=1+2&x=&z',
      queryStringParameters: { x: 'A,', y: '1 2', z: '' },
      requestContext: {
        apiId: 'capturefn',
        domainName: 'capturefn.lambda-url.us-east-1.on.aws',
        domainPrefix: 'capturefn',
        stage: '$default',
        http: { method: 'POST', path: '/in/shop/a%2Fb//c%3Fd/..%2e/+%20' },
      },
    });
    expect(events[0]).not.toHaveProperty('pathParameters');
  });

  it('has no 10,240-byte limit on headers', async () => {
    expect((await send('GET /in/shop', [`X-Long: ${'x'.repeat(60_000)}`])).status).toBe(202);
    expect(events[0]?.headers['x-long']).toHaveLength(60_000);
  });

  it('carries any bytes', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await fetch(`${server.url}/in/shop`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(Buffer.from(events[0]?.body ?? '', 'base64')).toEqual(bytes);
    expect(events[0]?.isBase64Encoded).toBe(true);
  });

  it('takes about 4.4 MB of binary, and answers 413 above the 6 MB of an event', async () => {
    const post = (bytes: number) => fetch(server.url, { method: 'POST', body: Buffer.alloc(bytes) });
    expect((await post(4_400_000)).status).toBe(202);
    expect((await post(4_800_000)).status).toBe(413);
    expect((await post(7_000_000)).status).toBe(413);
    expect(events).toHaveLength(1);
  });

  it('answers 502 when the function fails or makes no sense', async () => {
    result = new Error('boom');
    expect((await send('GET /')).status).toBe(502);
    result = { statusCode: 'x' };
    expect((await send('GET /')).status).toBe(502);
  });

  it('calls an answer without type JSON', async () => {
    const answer = await send('GET /');
    expect([answer.status, answer.header('content-type'), answer.body]).toEqual([202, 'application/json', '{}']);
  });
});
