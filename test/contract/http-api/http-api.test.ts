import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProxyEvent } from '../../../local/http-api/event.ts';
import { type HttpApi, type HttpApiConfiguration, startHttpApi } from '../../../local/http-api/http-api.ts';
import { rawRequest, sendRaw } from './raw-request.ts';

const ROUTES = ['GET /v1/webhooks/{id}', 'ANY /x/{proxy+}', 'POST /v1/events', 'GET /broken'].map((routeKey) => ({
  routeKey,
  functionName: 'ApiFn',
}));

describe('HTTP API', () => {
  let api: HttpApi;
  let events: ProxyEvent[];
  let result: unknown;
  let invoked: string[];

  const start = async (configuration: Partial<HttpApiConfiguration> = {}) => {
    api = await startHttpApi({
      apiId: 'api1',
      integrationTimeoutMs: 50,
      configuration: { routes: ROUTES, ...configuration },
      localHandlers: {
        '/_local': async (request) => ({
          status: 200,
          headers: {},
          body: `${request.method} ${request.path} ${request.body}`,
        }),
      },
      invoke: async (functionName, event) => {
        invoked.push(functionName);
        events.push(event);
        return result instanceof Promise || !(result instanceof Error) ? result : Promise.reject(result);
      },
    });
  };
  const send = (line: string, headers: string[] = [], body = '') => sendRaw(api.port, rawRequest(line, headers, body));
  const event = (): ProxyEvent => {
    const [first] = events;
    if (first === undefined) throw new Error('no event reached the function');
    return first;
  };

  beforeEach(async () => {
    events = [];
    invoked = [];
    result = { statusCode: 200, body: 'ok' };
    await start();
  });
  afterEach(() => api.close());

  describe('the event', () => {
    it('has the shape of payload format 2.0', async () => {
      await send('GET /v1/webhooks/wh_1?b=2&a=1&b=3&empty=', ['User-Agent: t/1']);
      expect(invoked).toEqual(['ApiFn']);
      expect(event()).toMatchObject({
        version: '2.0',
        routeKey: 'GET /v1/webhooks/{id}',
        rawPath: '/v1/webhooks/wh_1',
        rawQueryString: 'b=2&a=1&b=3&empty=',
        queryStringParameters: { a: '1', b: '2,3', empty: '' },
        pathParameters: { id: 'wh_1' },
        isBase64Encoded: false,
        requestContext: {
          accountId: '000000000000',
          apiId: 'api1',
          domainName: 'api1.execute-api.us-east-1.amazonaws.com',
          domainPrefix: 'api1',
          http: {
            method: 'GET',
            path: '/v1/webhooks/wh_1',
            protocol: 'HTTP/1.1',
            sourceIp: '127.0.0.1',
            userAgent: 't/1',
          },
          routeKey: 'GET /v1/webhooks/{id}',
          stage: '$default',
          time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
        },
      });
      expect(event().requestContext.timeEpoch).toBeGreaterThan(Date.now() - 60_000);
      for (const absent of ['body', 'cookies']) expect(event()).not.toHaveProperty(absent);
      expect(event().requestContext).not.toHaveProperty('authorizer');
    });

    it('leaves out query and path parameters where there are none', async () => {
      await send('POST /v1/events');
      expect(event().rawQueryString).toBe('');
      for (const absent of ['queryStringParameters', 'pathParameters', 'body'])
        expect(event()).not.toHaveProperty(absent);
    });

    it('lower-cases header names, joins repeats with commas, and sets cookies apart', async () => {
      const answer = await send('POST /v1/events', [
        'X-Multi: a',
        'x-MULTI: b, c',
        'Cookie: a=1; b=2',
        'cookie: c=3',
        'constructor: x',
      ]);
      expect(event().headers).toMatchObject({ 'x-multi': 'a,b, c', host: 'api.test', constructor: 'x' });
      expect(event().headers).not.toHaveProperty('cookie');
      expect(event().cookies).toEqual(['a=1', 'b=2', 'c=3']);
      expect(answer.header('apigw-requestid')).toBe(event().requestContext.requestId);
    });

    it('adds what the edge adds', async () => {
      await send('POST /v1/events', ['X-Forwarded-For: 9.9.9.9', 'X-Forwarded-Proto: gopher']);
      expect(event().headers).toMatchObject({
        'x-forwarded-for': '9.9.9.9, 127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-port': String(api.port),
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      });
    });

    it.each([
      ['/x/a%2Fb', '/x/a/b', 'a/b'],
      ['/x/a%3Fb=1', '/x/a', 'a'],
      ['/x/caf%C3%A9%20au', '/x/café au', 'café au'],
      ['/x/a+b', '/x/a+b', 'a+b'],
    ])('decodes the path %s, and cuts it at a decoded ?', async (path, decoded, proxy) => {
      await send(`GET ${path}?q=%2F`);
      expect(event()).toMatchObject({ rawPath: decoded, pathParameters: { proxy }, rawQueryString: 'q=%2F' });
      expect(event().requestContext.http.path).toBe(decoded);
    });

    it.each([
      ['application/json', false],
      ['application/json; charset=utf-8', false],
      ['APPLICATION/JSON', false],
      ['application/problem+json', false],
      ['text/plain', false],
      ['application/xml', false],
      ['application/javascript', false],
      ['application/x-www-form-urlencoded', true],
      ['application/octet-stream', true],
      ['application/jsonlines', true],
      ['image/png', true],
    ])('a body of %s arrives in base64: %s', async (contentType, isBase64Encoded) => {
      await send('POST /v1/events', [`Content-Type: ${contentType}`], '{"é":1}');
      const body = isBase64Encoded ? Buffer.from('{"é":1}').toString('base64') : '{"é":1}';
      expect(event()).toMatchObject({ body, isBase64Encoded });
    });

    it('takes a compressed or untyped body for binary', async () => {
      await send('POST /v1/events', ['Content-Type: application/json', 'Content-Encoding: gzip'], 'xx');
      await send('POST /v1/events', [], 'xx');
      expect(events.map((one) => one.isBase64Encoded)).toEqual([true, true]);
    });

    it('hands on a chunked body whole', async () => {
      const chunked =
        'POST /v1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
      await sendRaw(api.port, `${chunked}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`);
      expect(event()).toMatchObject({ body: 'abcde', headers: { 'content-length': '5' } });
      expect(event().headers).not.toHaveProperty('transfer-encoding');
    });
  });

  describe('the answer', () => {
    it('maps status, headers, cookies and body', async () => {
      result = {
        statusCode: 201,
        headers: { 'X-One': 'a', 'x-number': 7, 'content-length': '999' },
        cookies: ['a=1; Path=/', 'b=2'],
        body: 'é',
      };
      const answer = await send('POST /v1/events');
      expect(answer.status).toBe(201);
      expect(answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)).toEqual([
        'a=1; Path=/',
        'b=2',
      ]);
      expect([answer.header('x-one'), answer.header('x-number'), answer.header('content-length')]).toEqual([
        'a',
        '7',
        '2',
      ]);
      expect(answer.header('content-type')).toBe('text/plain; charset=utf-8');
      expect(Buffer.from(answer.body, 'latin1').toString()).toBe('é');
    });

    it('decodes base64', async () => {
      result = { statusCode: 200, headers: { 'content-type': 'image/x' }, body: 'AP9h', isBase64Encoded: true };
      expect((await send('POST /v1/events')).body).toBe('\u0000\u00ffa');
    });

    it.each<[string, unknown, string]>([
      ['an object', { message: 'hi' }, '{"message":"hi"}'],
      ['a text', 'hi', 'hi'],
      ['a list', [1, 2], '[1,2]'],
      ['nothing', null, 'null'],
    ])('infers 200 and JSON from %s', async (_, value, body) => {
      result = value;
      const answer = await send('POST /v1/events');
      expect([answer.status, answer.header('content-type'), answer.body]).toEqual([200, 'application/json', body]);
    });

    it.each<[string, unknown]>([
      ['an exception', new Error('secret detail')],
      ['a status that is none', { statusCode: 'abc' }],
      ['a status out of range', { statusCode: 999 }],
      ['a body that is no text', { statusCode: 200, body: { a: 1 } }],
      ['a header that HTTP forbids', { statusCode: 200, headers: { 'x-a': 'a\r\nx-b: b' } }],
      ['more than 6 MB', { statusCode: 200, body: 'x'.repeat(6 * 1024 * 1024 + 1) }],
    ])('answers 500 to %s', async (_, value) => {
      result = value;
      const answer = await send('POST /v1/events');
      expect([answer.status, answer.body]).toEqual([500, '{"message":"Internal Server Error"}']);
    });

    it('answers 503 when the function takes too long', async () => {
      result = new Promise(() => {});
      const answer = await send('POST /v1/events');
      expect([answer.status, answer.body]).toEqual([503, '{"message":"Service Unavailable"}']);
    });

    it('sends no body for HEAD and 204', async () => {
      expect(await send('HEAD /x/1')).toMatchObject({ status: 200, body: '' });
      result = { statusCode: 204, body: '' };
      const answer = await send('POST /v1/events');
      expect([answer.status, answer.body, answer.header('content-length')]).toEqual([204, '', undefined]);
    });
  });

  describe('what never reaches a function', () => {
    afterEach(() => expect(events).toHaveLength(0));

    it.each([
      ['GET /none', 404, 'Not Found'],
      ['PUT /v1/events', 404, 'Not Found'],
      ['GET /x/', 404, 'Not Found'],
      ['GET /x/%zz', 400, 'Bad Request'],
    ])('%s', async (line, status, message) => {
      const answer = await send(line);
      expect([answer.status, answer.header('content-type'), answer.body]).toEqual([
        status,
        'application/json',
        JSON.stringify({ message }),
      ]);
    });

    it('a head over 10,240 bytes', async () => {
      const answer = await send('POST /v1/events', [`X-Long: ${'x'.repeat(10_240)}`]);
      expect([answer.status, answer.body]).toEqual([431, '{"message":"Request Header Fields Too Large"}']);
      expect((await send(`GET /v1/webhooks/${'x'.repeat(10_240)}`)).status).toBe(431);
    });

    it('a body over 10 MB, whether announced or not', async () => {
      const announced = await fetch(`${api.url}/v1/events`, {
        method: 'POST',
        body: Buffer.alloc(10 * 1024 * 1024 + 1),
      });
      expect([announced.status, await announced.json()]).toEqual([413, { message: 'Request Entity Too Large' }]);
      const parts = Array.from({ length: 11 }, () => Buffer.alloc(1024 * 1024));
      const streamed = await fetch(`${api.url}/v1/events`, {
        method: 'POST',
        body: ReadableStream.from(parts),
        duplex: 'half',
      } as RequestInit);
      expect(streamed.status).toBe(413);
    });

    it('an event over the 6 MB that Lambda takes', async () => {
      const body = Buffer.alloc(5 * 1024 * 1024);
      expect((await fetch(`${api.url}/v1/events`, { method: 'POST', body })).status).toBe(413);
    });

    it('the engine’s own paths', async () => {
      expect((await send('PUT /_local/faults', [], '{}')).body).toBe('PUT /_local/faults {}');
      expect((await send('GET /_localx')).status).toBe(404);
    });
  });

  it('takes a head of just under 10,240 bytes', async () => {
    expect((await send('POST /v1/events', [`X-Long: ${'x'.repeat(10_100)}`])).status).toBe(200);
  });

  it('takes a body of 4 MB', async () => {
    const answer = await fetch(`${api.url}/v1/events`, { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024, 1) });
    expect(answer.status).toBe(200);
    expect(Buffer.from(event().body ?? '', 'base64')).toHaveLength(4 * 1024 * 1024);
  });

  it('keeps a connection for the next request, even past a refusal with a body', async () => {
    const head = 'HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n';
    const answer = await sendRaw(
      api.port,
      `POST /none ${head}\r\nhelloPOST /v1/events ${head}Connection: close\r\n\r\nworld`,
    );
    expect(answer.status).toBe(404);
    expect(answer.body).toContain('HTTP/1.1 200 OK');
    expect(event().body).toBe('world');
  });

  it('is 503 until it is configured, and follows the newest configuration', async () => {
    await api.close();
    api = await startHttpApi({ invoke: async () => 'hi' });
    expect((await send('GET /later')).status).toBe(503);
    api.configure({ routes: [{ routeKey: 'GET /later', functionName: 'F' }] });
    expect((await send('GET /later')).body).toBe('hi');
  });

  it('needs the leave of the function', async () => {
    await api.close();
    const asked: string[] = [];
    await start({
      canInvoke: (functionName, sourceArn) => {
        asked.push(`${functionName} ${sourceArn}`);
        return false;
      },
    });
    expect((await send('GET /x/1')).status).toBe(500);
    expect(asked).toEqual(['ApiFn arn:aws:execute-api:us-east-1:000000000000:api1/$default/GET/x/{proxy+}']);
    expect(events).toHaveLength(0);
  });
});

describe('CORS', () => {
  const cors = {
    allowOrigins: ['https://app.test', 'http://*'],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['authorization', 'content-type'],
    exposeHeaders: ['x-one'],
    maxAgeSeconds: 600,
    allowCredentials: true,
  };
  let api: HttpApi;
  beforeEach(async () => {
    api = await startHttpApi({
      configuration: { routes: [{ routeKey: 'GET /a', functionName: 'F' }], cors },
      invoke: async () => ({
        statusCode: 200,
        headers: { 'Access-Control-Allow-Origin': 'https://evil.test' },
        body: '',
      }),
    });
  });
  afterEach(() => api.close());
  const preflight = (origin: string, path = '/a') =>
    sendRaw(api.port, rawRequest(`OPTIONS ${path}`, [`Origin: ${origin}`, 'Access-Control-Request-Method: GET']));

  it('answers a preflight by itself, on any path', async () => {
    const answer = await preflight('https://app.test', '/nowhere');
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.test',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
    });
    expect((await preflight('http://localhost:3000')).header('access-control-allow-origin')).toBe(
      'http://localhost:3000',
    );
  });

  it('tells a foreign origin nothing', async () => {
    expect((await preflight('https://evil.test')).header('access-control-allow-origin')).toBeUndefined();
  });

  it('writes its own headers over those of the function, and on its own answers too', async () => {
    const answer = await sendRaw(api.port, rawRequest('GET /a', ['Origin: https://app.test']));
    expect(answer.header('access-control-allow-origin')).toBe('https://app.test');
    expect(answer.header('access-control-expose-headers')).toBe('x-one');
    const foreign = await sendRaw(api.port, rawRequest('GET /a', ['Origin: https://evil.test']));
    expect(foreign.header('access-control-allow-origin')).toBeUndefined();
    const missing = await sendRaw(api.port, rawRequest('GET /none', ['Origin: https://app.test']));
    expect([missing.status, missing.header('access-control-allow-origin')]).toEqual([404, 'https://app.test']);
  });

  it('is no preflight without its headers', async () => {
    expect((await sendRaw(api.port, rawRequest('OPTIONS /a'))).status).toBe(404);
  });
});
