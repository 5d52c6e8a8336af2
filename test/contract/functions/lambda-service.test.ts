import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFunctionHost, type FunctionHost } from '../../../local/functions/function-host.ts';
import { createLambdaService } from '../../../local/functions/lambda-service.ts';
import { type MappingDefinition, mappingArn, mappingUuid } from '../../../local/mappings/mapping-definition.ts';
import { createMappings, type Mappings } from '../../../local/mappings/mappings.ts';
import type { Poller } from '../../../local/mappings/poller.ts';
import { createAuthorizer } from '../../../local/permissions/authorizer.ts';
import { createFaults } from '../../../local/services/faults.ts';
import { type ServiceServer, startServiceServer } from '../../../local/services/server.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:S-Echo';
const UUID = mappingUuid('S', 'Mapping');

const definition: MappingDefinition = {
  logicalId: 'Mapping',
  uuid: UUID,
  queueName: 'S-Queue',
  queueArn: 'arn:aws:sqs:us-east-1:000000000000:S-Queue',
  functionId: 'Echo',
  functionArn: ARN,
  batchSize: 10,
  batchingWindowSeconds: 0,
  maxConcurrency: 50,
  reportsItemFailures: true,
  isEnabledInTemplate: true,
};

let folder: string;
let functions: FunctionHost;
let mappings: Mappings;
let server: ServiceServer;
let polling: number;
let stopped: PromiseWithResolvers<void>;

function openMappings(): Mappings {
  return createMappings({
    definitions: [definition],
    stateFile: join(folder, 'mappings.json'),
    startPoller: (): Poller => {
      polling += 1;
      return {
        stop: () => {
          polling -= 1;
          return stopped.promise;
        },
      };
    },
  });
}

beforeEach(async () => {
  polling = 0;
  stopped = Promise.withResolvers();
  folder = mkdtempSync(join(tmpdir(), 'tidegate-lambda-'));
  writeFileSync(
    join(folder, 'index.mjs'),
    `export const handler = async (event) => { if (event.fail) throw new TypeError('no'); return { got: event }; };`,
  );
  functions = createFunctionHost({ onOutput: () => undefined, onDeath: () => undefined });
  functions.add({
    logicalId: 'Echo',
    functionName: 'S-Echo',
    arn: ARN,
    codeDirectory: folder,
    handler: 'index.handler',
    environment: {},
    timeoutSeconds: 5,
    memoryMb: 128,
  });
  mappings = openMappings();
  mappings.start();
  const policy = {
    Statement: [{ Effect: 'Allow' as const, Action: 'lambda:GetEventSourceMapping', Resource: mappingArn(UUID) }],
  };
  server = await startServiceServer({
    services: [createLambdaService({ functions, mappings, onProblem: () => undefined })],
    authorizer: createAuthorizer({ roles: new Map([['Watcher', [policy]]]) }),
    faults: createFaults(),
  });
});

afterEach(async () => {
  stopped.resolve();
  await server.close();
  await functions.close();
  rmSync(folder, { recursive: true });
});

function client(principal = 'operator'): LambdaClient {
  return new LambdaClient({
    endpoint: `${server.url}/lambda`,
    region: 'us-east-1',
    credentials: { accessKeyId: principal, secretAccessKey: 'x' },
    maxAttempts: 1,
  });
}

describe('the Lambda API', () => {
  it('describes a mapping, to those who may see it', async () => {
    const get = new GetEventSourceMappingCommand({ UUID });
    expect(await client('Watcher').send(get)).toMatchObject({
      UUID,
      State: 'Enabled',
      BatchSize: 10,
      EventSourceArn: definition.queueArn,
      FunctionArn: ARN,
      ScalingConfig: { MaximumConcurrency: 50 },
    });
    await expect(client('Stranger').send(get)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(client().send(new GetEventSourceMappingCommand({ UUID: 'other' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it.each([
    [{}, 1],
    [{ FunctionName: 'S-Echo' }, 1],
    [{ FunctionName: 'S-Other' }, 0],
    [{ EventSourceArn: definition.queueArn }, 1],
    [{ EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:other' }, 0],
  ])('lists mappings by %j', async (filter, count) => {
    const { EventSourceMappings = [] } = await client().send(new ListEventSourceMappingsCommand(filter));
    expect(EventSourceMappings).toHaveLength(count);
  });

  it('pauses and resumes a mapping, and remembers it over a restart', async () => {
    const set = (Enabled: boolean) => client().send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    expect((await set(false)).State).toBe('Disabling');
    expect(polling).toBe(0);
    stopped.resolve();
    const again = openMappings();
    again.start();
    expect(again.find(UUID)?.state).toBe('Disabled');
    expect(polling).toBe(0);
    expect((await set(true)).State).toBe('Enabled');
    expect(polling).toBe(1);
  });

  it('invokes a function and tells its failure apart from a failed call', async () => {
    const invoke = (event: unknown) =>
      client().send(new InvokeCommand({ FunctionName: 'S-Echo', Payload: Buffer.from(JSON.stringify(event)) }));
    const good = await invoke({ a: 1 });
    expect(good.FunctionError).toBeUndefined();
    expect(JSON.parse(good.Payload?.transformToString() ?? '')).toEqual({ got: { a: 1 } });
    const bad = await invoke({ fail: true });
    expect(bad.FunctionError).toBe('Unhandled');
    expect(JSON.parse(bad.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'no',
    });
    await expect(client().send(new InvokeCommand({ FunctionName: 'Nobody' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it("tells a function's configuration", async () => {
    expect(await client().send(new GetFunctionConfigurationCommand({ FunctionName: ARN }))).toMatchObject({
      FunctionName: 'S-Echo',
      Timeout: 5,
      MemorySize: 128,
    });
  });
});
