import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFunctionHost, type FunctionHost } from '../../../local/functions/function-host.ts';
import { bodyMd5 } from '../../../local/queues/message-digest.ts';
import type { RawRequest } from '../../../local/services/dispatcher.ts';
import type { ServiceResponse } from '../../../local/services/service.ts';

const module = (name: string): string => import.meta.resolve(name);

const CODE = `
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { SQSClient, SendMessageCommand } from '${module('@aws-sdk/client-sqs')}';
import { S3Client, GetObjectCommand, PutObjectCommand } from '${module('@aws-sdk/client-s3')}';
const limits = { maxAttempts: 1, requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true } };
const sqs = new SQSClient({ ...limits, useQueueUrlAsEndpoint: false });
const s3 = new S3Client({ ...limits, forcePathStyle: true });
const send = (options) => sqs.send(new SendMessageCommand({ QueueUrl: 'http://127.0.0.1/q', MessageBody: 'grüße' }), options);
export const handler = async (event) => {
  if (event.do === 'send') return await send().catch((error) => ({ error: error.name }));
  if (event.do === 'abort') {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    return await send({ abortSignal: controller.signal }).catch((error) => ({ error: error.name }));
  }
  if (event.do === 'bytes') {
    await s3.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: Buffer.from([0, 255, 128]) }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));
    return [...(await Body.transformToByteArray())];
  }
  if (event.do === 'hmac') return createHmac('sha256', Buffer.from('Jefe')).update('what do ya want for nothing?').digest('hex');
  return await new Promise((resolve, reject) => http.request(event.url, (response) => resolve(response.statusCode)).on('error', reject).end());
};`;

const OK: ServiceResponse = { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{}' };
/** Nobody listens there, so a call that took a socket would fail. */
const SERVICES = 'http://127.0.0.1:1';

let folder: string;
let host: FunctionHost;
let calls: RawRequest[];
let answer: (request: RawRequest) => Promise<ServiceResponse>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-calls-'));
  writeFileSync(join(folder, 'index.mjs'), CODE);
  calls = [];
  answer = async () => OK;
  const dispatch = (request: RawRequest): Promise<ServiceResponse> => {
    calls.push(request);
    return answer(request);
  };
  host = createFunctionHost({
    onOutput: () => undefined,
    onDeath: () => undefined,
    services: { url: SERVICES, dispatch },
  });
  host.add({
    logicalId: 'Probe',
    functionName: 'probe',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:probe',
    codeDirectory: folder,
    handler: 'index.handler',
    environment: {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'Probe',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_SQS: `${SERVICES}/sqs`,
      AWS_ENDPOINT_URL_S3: `${SERVICES}/s3`,
    },
    timeoutSeconds: 20,
    memoryMb: 256,
  });
});

afterEach(async () => {
  await host.close();
  rmSync(folder, { recursive: true });
});

async function run(event: object): Promise<unknown> {
  const outcome = await host.invoke('Probe', event);
  if (outcome.kind !== 'returned') throw new Error(outcome.errorMessage);
  return JSON.parse(outcome.payload);
}

describe('an AWS call without a socket', () => {
  it('arrives as the SDK wrote it, signed by the function', async () => {
    answer = async () => ({ ...OK, body: JSON.stringify({ MessageId: 'm-1', MD5OfMessageBody: bodyMd5('grüße') }) });
    await expect(run({ do: 'send' })).resolves.toMatchObject({ MessageId: 'm-1' });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ method: 'POST', url: '/sqs/' });
    expect(calls[0]?.headers).toMatchObject({ 'x-amz-target': 'AmazonSQS.SendMessage', host: '127.0.0.1:1' });
    expect(calls[0]?.headers.authorization).toContain('Credential=Probe/');
    expect(JSON.parse(calls[0]?.body.toString('utf8') ?? '')).toMatchObject({ MessageBody: 'grüße' });
  });

  it('brings errors back', async () => {
    answer = async () => ({ ...OK, status: 400, body: JSON.stringify({ __type: 'QueueDoesNotExist', message: 'no' }) });
    await expect(run({ do: 'send' })).resolves.toEqual({ error: 'QueueDoesNotExist' });
  });

  it('is given up after its timeout', async () => {
    answer = () => new Promise(() => undefined);
    await expect(run({ do: 'send' })).resolves.toEqual({ error: 'TimeoutError' });
  });

  it('is given up when it is aborted', async () => {
    answer = () => new Promise(() => undefined);
    await expect(run({ do: 'abort' })).resolves.toEqual({ error: 'AbortError' });
  });

  it('carries bytes both ways', async () => {
    const stored = new Map<string, Buffer>();
    answer = async ({ method, url, body }) => {
      const key = url.split('?')[0] ?? '';
      if (method === 'PUT') stored.set(key, Buffer.from(body));
      return { status: 200, headers: {}, body: method === 'GET' ? (stored.get(key) ?? '') : '' };
    };
    await expect(run({ do: 'bytes' })).resolves.toEqual([0, 255, 128]);
  });

  it('is for the services alone: everything else takes its socket', async () => {
    const server = createServer((_, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(run({ do: 'ask', url: `http://127.0.0.1:${port}/` })).resolves.toBe(204);
    expect(calls).toHaveLength(0);
    server.close();
  });
});

// The second test case of RFC 4231.
it('HMACs with bytes as their key stay what they are', async () => {
  await expect(run({ do: 'hmac' })).resolves.toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});
