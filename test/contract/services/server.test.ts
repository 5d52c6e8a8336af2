import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Authorizer } from '../../../local/services/authorizer.ts';
import { createFaults, type Faults, parseFault } from '../../../local/services/faults.ts';
import { jsonResponse } from '../../../local/services/json-response.ts';
import { type ServiceServer, startServiceServer } from '../../../local/services/server.ts';
import { type LocalService, ServiceError, type ServiceRequest } from '../../../local/services/service.ts';

const allowAll: Authorizer = Object.assign(() => undefined, { seen: () => [] });
const seen: ServiceRequest[] = [];
const unexpected: unknown[] = [];

const events: LocalService = {
  name: 'events',
  handle: async (request) => {
    seen.push(request);
    return jsonResponse({ EventBuses: [{ Name: 'default' }] });
  },
};
const lambda: LocalService = {
  name: 'lambda',
  handle: async () => {
    throw new ServiceError('ResourceNotFoundException', 'Function not found', 404);
  },
};
const kms: LocalService = {
  name: 'kms',
  handle: async () => {
    throw new TypeError('a defect');
  },
};
const s3: LocalService = {
  name: 's3',
  handle: async (request) => {
    request.authorize('s3:GetObject', 'arn:aws:s3:::b/k');
    return { status: 200, headers: { 'content-length': '7' }, body: '' };
  },
  writeError: (error) => ({
    status: error.status,
    headers: { 'content-type': 'application/xml' },
    body: `<${error.code}/>`,
  }),
};

describe('service server', () => {
  let server: ServiceServer;
  let faults: Faults;

  beforeEach(async () => {
    seen.length = 0;
    unexpected.length = 0;
    faults = createFaults();
    server = await startServiceServer({
      services: [events, lambda, kms, s3],
      authorizer: allowAll,
      faults,
      onUnexpected: (error) => unexpected.push(error),
    });
  });
  afterEach(() => server.close());

  const client = (name: string) => ({
    endpoint: `${server.url}/${name}`,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'FanOutFn1A2B', secretAccessKey: 'x' },
  });
  const signed = {
    authorization: 'AWS4-HMAC-SHA256 Credential=operator/20260101/us-east-1/s3/aws4_request, Signature=0',
  };

  it('routes by the first path segment and names the caller by its access key id', async () => {
    const answer = await new EventBridgeClient(client('events')).send(new ListEventBusesCommand({}));
    expect(answer.EventBuses).toEqual([{ Name: 'default' }]);
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen[0]).toMatchObject({ principal: 'FanOutFn1A2B', path: '/', method: 'POST' });
    expect(seen[0]?.headers['x-amz-target']).toBe('AWSEvents.ListEventBuses');
  });

  it('gives a modelled error its class in a restJson client', async () => {
    const failing = new LambdaClient(client('lambda')).send(new InvokeCommand({ FunctionName: 'none' }));
    await expect(failing).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('takes a service down as a retryable 503, and up again', async () => {
    const bus = new EventBridgeClient(client('events'));
    faults.set('events', { mode: 'down' });
    await expect(bus.send(new ListEventBusesCommand({}))).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      $metadata: { httpStatusCode: 503 },
    });
    expect(seen).toHaveLength(0);
    faults.set('events', { mode: 'up' });
    await bus.send(new ListEventBusesCommand({}));
    expect(seen).toHaveLength(1);
  });

  it('slows a service by the delay given, and no other', async () => {
    faults.set('events', { mode: 'slow', delayMs: 80 });
    const started = performance.now();
    await fetch(`${server.url}/events/`, { method: 'POST', headers: signed });
    expect(performance.now() - started).toBeGreaterThanOrEqual(78);
    expect(faults.of('sqs')).toEqual({ mode: 'up' });
  });

  it('lets a service write errors in its own protocol', async () => {
    faults.set('s3', { mode: 'down' });
    const answer = await fetch(`${server.url}/s3/b/k`, { headers: signed });
    expect([answer.status, await answer.text()]).toEqual([503, '<ServiceUnavailable/>']);
  });

  it('answers HEAD with the length that the service names and no body', async () => {
    const answer = await fetch(`${server.url}/s3/b/k`, { method: 'HEAD', headers: signed });
    expect(answer.headers.get('content-length')).toBe('7');
  });

  it('reads the caller of a presigned URL', async () => {
    await fetch(`${server.url}/events/a%2Fb?X-Amz-Credential=operator%2F20260101%2Fus-east-1%2Fevents%2Faws4_request`);
    expect(seen[0]).toMatchObject({ principal: 'operator', path: '/a%2Fb' });
  });

  it('refuses what nobody signed', async () => {
    const answer = await fetch(`${server.url}/events/`, { method: 'POST' });
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([403, 'MissingAuthenticationToken']);
  });

  it('answers a defect with InternalFailure and reports it', async () => {
    const answer = await fetch(`${server.url}/kms/`, { method: 'POST', headers: signed });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({ __type: 'InternalFailure', message: 'a defect' });
    expect(unexpected).toHaveLength(1);
  });

  it('answers 404 for a service that it does not have', async () => {
    expect((await fetch(`${server.url}/dynamodb/`)).status).toBe(404);
  });
});

describe('parseFault', () => {
  it.each([
    [
      { service: 'database', mode: 'down' },
      { name: 'database', fault: { mode: 'down' } },
    ],
    [
      { service: 'sqs', mode: 'slow' },
      { name: 'sqs', fault: { mode: 'slow', delayMs: 1000 } },
    ],
    [
      { service: 's3', mode: 'slow', delayMs: 200 },
      { name: 's3', fault: { mode: 'slow', delayMs: 200 } },
    ],
  ])('reads %j', (body, expected) => {
    expect(parseFault(body)).toEqual(expected);
  });

  it.each([
    [{ service: 'lambda', mode: 'down' }],
    [{ service: 'sqs', mode: 'broken' }],
    [{ service: 'sqs', mode: 'up', extra: 1 }],
    [{ service: 'sqs', mode: 'slow', delayMs: -1 }],
    [null],
  ])('refuses %j', (body) => {
    expect(parseFault(body)).toBeUndefined();
  });

  it('maps the public names to services', () => {
    const faults = createFaults();
    faults.set('database', { mode: 'down' });
    expect(faults.of('rds-data')).toEqual({ mode: 'down' });
    expect(faults.all()).toMatchObject({ database: { mode: 'down' }, kms: { mode: 'up' } });
  });
});
