import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { type EngineFile, readEngineFile } from '../local/engine/engine-file.ts';

/** What a command talks to: a running local engine, or a stack in AWS. Both are reached by the same clients. */
export interface Target {
  readonly kind: 'local' | 'stack';
  /** The data folder, or the stack's name. */
  readonly name: string;
  /** The stack's outputs (`ApiUrl`, `ClusterArn`, …); the local engine has the same ones. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Options for an AWS client: an endpoint and the operator's credentials locally, the caller's own in AWS. */
  readonly client: (service: keyof EngineFile['endpoints']) => ClientOptions;
}

export interface ClientOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface TargetOptions {
  readonly data: string;
  readonly stack?: string | undefined;
}

/** Nothing to talk to; the message says what to start or to name. */
export class TargetError extends Error {
  readonly code = 'NO_TARGET';
}

/** Where local services answer; SDK clients want one, the services themselves have none. */
const LOCAL_REGION = 'us-east-1';

/**
 * Finds the stack of that name, or else the engine that runs on the data folder.
 * @throws TargetError
 */
export async function findTarget({ data, stack }: TargetOptions): Promise<Target> {
  if (stack !== undefined) return { kind: 'stack', name: stack, outputs: await readOutputs(stack), client: () => ({}) };
  const engine = readEngine(data);
  return {
    kind: 'local',
    name: data,
    outputs: engine.outputs,
    client: (service) => localClient(engine.endpoints[service]),
  };
}

/**
 * An output of the target's stack.
 * @throws TargetError naming it, when the stack has none (it is of another kind, or of an older version).
 */
export function outputOf(target: Target, name: string): string {
  const value = target.outputs[name];
  if (value === undefined)
    throw new TargetError(`${target.name} has no output ${name}: is it a Tidegate stack of this version?`);
  return value;
}

function readEngine(data: string): EngineFile {
  const file = join(data, 'engine.json');
  const engine = parseEngineFile(file);
  if (engine === undefined) {
    const advice = 'start one with npm start, or name --data or --stack';
    throw new TargetError(`no engine runs on ${data} (${file} is missing): ${advice}`);
  }
  if (isAlive(engine.pid)) return engine;
  throw new TargetError(`no engine runs on ${data} (its process ${engine.pid} is gone): start it with npm start`);
}

function parseEngineFile(file: string): EngineFile | undefined {
  try {
    return readEngineFile(file);
  } catch (cause) {
    throw new TargetError(`${file} is not what an engine of this version writes: start it again`, { cause });
  }
}

function localClient(endpoint: string): ClientOptions {
  return { endpoint, region: LOCAL_REGION, credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' } };
}

async function readOutputs(stack: string): Promise<Readonly<Record<string, string>>> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TargetError(`the outputs of stack ${stack} could not be read: ${reason}`, { cause });
  } finally {
    client.destroy();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
