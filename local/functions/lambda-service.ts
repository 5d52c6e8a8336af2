/** The Lambda API, as far as the stack and the command use it. Source: Lambda API Reference (restJson1). */
import { z } from 'zod';
import { mappingArn } from '../mappings/mapping-definition.ts';
import type { Mapping, Mappings } from '../mappings/mappings.ts';
import { jsonResponse } from '../services/json-response.ts';
import { type LocalService, ServiceError, type ServiceRequest, type ServiceResponse } from '../services/service.ts';
import type { FunctionDefinition, InvocationOutcome } from './function-definition.ts';
import type { FunctionHost } from './function-host.ts';

export interface LambdaServiceProps {
  readonly functions: FunctionHost;
  readonly mappings: Mappings;
  /** Told of asynchronous invocations that failed: nobody waits for them. */
  readonly onProblem: (message: string) => void;
}

type Operation = (request: ServiceRequest, name: string) => ServiceResponse | Promise<ServiceResponse>;

interface Endpoint {
  readonly method: string;
  readonly path: RegExp;
  readonly run: Operation;
}

const updateInput = z.object({ Enabled: z.boolean().optional() });

export function createLambdaService(props: LambdaServiceProps): LocalService {
  const endpoints: readonly Endpoint[] = [
    { method: 'GET', path: /^\/2015-03-31\/event-source-mappings\/?$/, run: (request) => list(props, request) },
    {
      method: 'GET',
      path: /^\/2015-03-31\/event-source-mappings\/([^/]+)$/,
      run: (request, uuid) => jsonResponse(describe(findMapping(props, request, 'GetEventSourceMapping', uuid))),
    },
    { method: 'PUT', path: /^\/2015-03-31\/event-source-mappings\/([^/]+)$/, run: (...args) => update(props, ...args) },
    {
      method: 'GET',
      path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
      run: (request, name) =>
        jsonResponse(configuration(findFunction(props, request, 'GetFunctionConfiguration', name))),
    },
    {
      method: 'POST',
      path: /^\/2015-03-31\/functions\/([^/]+)\/invocations$/,
      run: (...args) => invoke(props, ...args),
    },
  ];
  return {
    name: 'lambda',
    async handle(request) {
      for (const { method, path, run } of endpoints) {
        const match = request.method === method ? path.exec(request.path) : null;
        if (match !== null) return run(request, decodeURIComponent(match[1] ?? ''));
      }
      throw new ServiceError('UnknownOperationException', `lambda has no ${request.method} ${request.path} here`, 404);
    },
  };
}

function list({ mappings, functions }: LambdaServiceProps, request: ServiceRequest): ServiceResponse {
  request.authorize('lambda:ListEventSourceMappings', '*');
  const queueArn = request.query.get('EventSourceArn');
  const functionName = request.query.get('FunctionName');
  const functionArn = functionName === null ? null : functions.find(functionName)?.arn;
  const found = mappings
    .all()
    .filter(({ definition }) => queueArn === null || definition.queueArn === queueArn)
    .filter(({ definition }) => functionArn === null || definition.functionArn === functionArn);
  return jsonResponse({ EventSourceMappings: found.map(describe) });
}

function update(props: LambdaServiceProps, request: ServiceRequest, uuid: string): ServiceResponse {
  const mapping = findMapping(props, request, 'UpdateEventSourceMapping', uuid);
  const { Enabled } = parse(updateInput, request.body);
  return jsonResponse(describe(Enabled === undefined ? mapping : props.mappings.setEnabled(uuid, Enabled)), 202);
}

function findMapping(props: LambdaServiceProps, request: ServiceRequest, action: string, uuid: string): Mapping {
  request.authorize(`lambda:${action}`, mappingArn(uuid));
  const mapping = props.mappings.find(uuid);
  if (mapping === undefined) {
    throw new ServiceError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
  }
  return mapping;
}

function describe({ definition, state, lastModified }: Mapping): Readonly<Record<string, unknown>> {
  return {
    UUID: definition.uuid,
    EventSourceMappingArn: mappingArn(definition.uuid),
    EventSourceArn: definition.queueArn,
    FunctionArn: definition.functionArn,
    State: state,
    StateTransitionReason: 'USER_INITIATED',
    BatchSize: definition.batchSize,
    MaximumBatchingWindowInSeconds: definition.batchingWindowSeconds,
    ScalingConfig: { MaximumConcurrency: definition.maxConcurrency },
    FunctionResponseTypes: definition.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    LastModified: lastModified.getTime() / 1_000,
  };
}

function findFunction(
  { functions }: LambdaServiceProps,
  request: ServiceRequest,
  action: string,
  name: string,
): FunctionDefinition {
  const found = functions.find(name);
  if (found === undefined) {
    throw new ServiceError('ResourceNotFoundException', `Function not found: ${name}`, 404);
  }
  request.authorize(`lambda:${action}`, found.arn);
  return found;
}

function configuration(definition: FunctionDefinition): Readonly<Record<string, unknown>> {
  return {
    FunctionName: definition.functionName,
    FunctionArn: definition.arn,
    Handler: definition.handler,
    Runtime: 'nodejs24.x',
    MemorySize: definition.memoryMb,
    Timeout: definition.timeoutSeconds,
    Environment: { Variables: definition.environment },
    PackageType: 'Zip',
    Architectures: [process.arch === 'arm64' ? 'arm64' : 'x86_64'],
    State: 'Active',
    LastUpdateStatus: 'Successful',
    Version: '$LATEST',
  };
}

/** A function's own failure is a success of the call: 200, with `x-amz-function-error` and the error as the payload. */
async function invoke(props: LambdaServiceProps, request: ServiceRequest, name: string): Promise<ServiceResponse> {
  const found = findFunction(props, request, 'InvokeFunction', name);
  const event: unknown = request.body.length === 0 ? {} : parseJson(request.body);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type === 'DryRun') return { status: 204, headers: {}, body: '' };
  const invocation = props.functions.invoke(found.logicalId, event);
  if (type === 'Event') {
    void invocation.then((outcome) => {
      if (outcome.kind !== 'returned') props.onProblem(`${found.logicalId}: ${outcome.errorMessage}`);
    });
    return { status: 202, headers: {}, body: '' };
  }
  return toResponse(await invocation);
}

function toResponse(outcome: InvocationOutcome): ServiceResponse {
  const headers = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' };
  if (outcome.kind === 'returned') return { status: 200, headers, body: outcome.payload };
  const { errorType, errorMessage, trace } = outcome;
  return {
    status: 200,
    headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
    body: JSON.stringify({ errorType, errorMessage, trace }),
  };
}

function parse<T>(schema: z.ZodType<T>, body: Buffer): T {
  const parsed = schema.safeParse(parseJson(body));
  if (!parsed.success) throw new ServiceError('InvalidParameterValueException', z.prettifyError(parsed.error));
  return parsed.data;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ServiceError('InvalidRequestContentException', 'Could not parse request body into json');
  }
}
