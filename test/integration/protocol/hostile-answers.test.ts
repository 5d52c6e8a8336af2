import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { selectAttempts } from '../../../lambdas/deliveries/select-attempts.ts';
import { addDelivery, readDelivery } from '../adapters/delivery-row.ts';
import { addWebhook, newAccount } from '../adapters/pipeline.ts';
import { byId, type DeliverBench, recordOf, SETTINGS, startDeliverBench } from './deliver-bench.ts';

let bench: DeliverBench;
let server: Server;
let url: string;
/** What the receiver writes, byte for byte, once it has the request. */
let answer: (socket: Socket) => void;

beforeAll(async () => {
  bench = await startDeliverBench();
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port was asked for');
  url = `http://127.0.0.1:${address.port}/`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await bench.stop();
});
beforeEach(() => {
  bench.pipeline.lines.length = 0;
});

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const head = (status: string, ...headers: string[]) => latin1(`HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\n\r\n`);
const whole = (body: Buffer, status = '500 x', ...headers: string[]) =>
  Buffer.concat([head(status, `content-length: ${body.length}`, 'connection: close', ...headers), body]);

/** Delivers once. @returns the row and what the API shows of its one attempt. */
async function deliverTo(bytes: Buffer) {
  answer = (socket) => socket.end(bytes);
  const webhook = await addWebhook(bench.pipeline, { accountId: newAccount(), url });
  const id = await addDelivery(bench.pipeline, webhook);
  const handler = bench.handler({ settings: { ...SETTINGS, deliveryTimeoutSeconds: 2 } });
  expect(await handler({ Records: [recordOf(byId(id), { queue: 'deliveries' })] })).toEqual({ batchItemFailures: [] });
  const start = { generation: 2_147_483_647, number: 2_147_483_647, limit: 16 };
  const attempts = await bench.pipeline.database.query(selectAttempts, { id, ...start });
  expect(attempts).toHaveLength(1);
  return { row: await readDelivery(bench.pipeline, id), attempt: attempts[0] };
}

describe('a hostile answer is kept, read again, and blocks nobody:', () => {
  const nothing = Buffer.alloc(0);
  it.each<[string, Buffer, string, RegExp | null]>([
    ['bytes that are no UTF-8', whole(Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0x80])), 'FAILED_RETRY', /^http_500/],
    ['surrogates in bytes', whole(Buffer.from([0xed, 0xa0, 0x80, 0x00])), 'FAILED_RETRY', /^http_500/],
    ['1 MB of zeros', whole(Buffer.alloc(1_000_000)), 'FAILED_RETRY', /^http_500/],
    [
      'header values of all bytes',
      whole(nothing, '500 x', `x-a: ${'\u00ff\u0080\u00e9'.repeat(500)}`),
      'FAILED_RETRY',
      /^http_500/,
    ],
    [
      '15 KB of headers',
      whole(nothing, '500 x', ...Array.from({ length: 15 }, (_, n) => `x-${n}: ${'"\\'.repeat(490)}`)),
      'FAILED_RETRY',
      /^http_500/,
    ],
    [
      '15 KB of wide headers',
      whole(nothing, '500 x', `x-wide: ${'\u00ff'.repeat(15_000)}`),
      'FAILED_RETRY',
      /^http_500/,
    ],
    ['20 KB of headers', whole(nothing, '200 OK', `x-a: ${'a'.repeat(20_000)}`), 'FAILED_RETRY', /^malformed_response/],
    ['a NUL in a header', whole(nothing, '200 OK', 'x-a: a\u0000b'), 'FAILED_RETRY', /^malformed_response/],
    [
      'names of prototypes',
      whole(nothing, '200 OK', '__proto__: x', 'constructor: y', 'toString: z'),
      'DELIVERED',
      null,
    ],
    ['status 999', whole(nothing, '999 x'), 'FAILED_RETRY', /^http_999/],
    ['status 000', whole(nothing, '000 x'), 'FAILED_RETRY', /./],
    ['a status of four digits', whole(nothing, '2000 x'), 'FAILED_RETRY', /./],
    ['a protocol switch', head('101 Switching', 'upgrade: x', 'connection: upgrade'), 'FAILED_RETRY', /./],
    [
      'a thousand interim answers',
      Buffer.concat([...Array.from({ length: 1_000 }, () => head('103 Early')), whole(nothing, '200 OK')]),
      'DELIVERED',
      null,
    ],
    ['a body cut short', Buffer.concat([head('200 OK', 'content-length: 10'), latin1('abc')]), 'FAILED_RETRY', /./],
    ['two lengths', whole(nothing, '200 OK', 'content-length: 7'), 'FAILED_RETRY', /./],
    [
      'a Retry-After without end',
      whole(nothing, '503 x', `retry-after: ${'9'.repeat(400)}`),
      'FAILED_RETRY',
      /^http_503/,
    ],
    ['compressed nonsense', whole(latin1('not gzip'), '200 OK', 'content-encoding: gzip'), 'DELIVERED', null],
  ])('%s', async (_what, bytes, status, lastError) => {
    const { row, attempt } = await deliverTo(bytes);
    expect(row).toMatchObject({ status, attempts: 1 });
    if (lastError === null) expect(row.last_error).toBeNull();
    else expect(row.last_error).toMatch(lastError);
    expect(Buffer.from(attempt?.responseBody ?? '', 'base64').length).toBeLessThanOrEqual(16_384);
    expect(Array.isArray(attempt?.responseHeaders) || attempt?.responseHeaders === null).toBe(true);
    // By 4 steps of its schedule at most.
    expect((row.next_retry_at?.getTime() ?? 0) - Date.now()).toBeLessThan(4 * 30_000 + 5_000);
    expect(bench.pipeline.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
