import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';

/** What a command talks to: a running local engine, or a stack in AWS. Both are reached by the same clients. */
export interface Target {
  readonly kind: 'local' | 'stack';
  /** The data folder, or the stack's name. */
  readonly name: string;
  /** The stack's outputs (`ApiUrl`, `ClusterArn`, …); the local engine has the same ones. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Options for an AWS client: an endpoint and the operator's credentials locally, the caller's own in AWS. */
  readonly client: (service: string) => ClientOptions;
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

/** `<data>/engine.json`, as far as commands need it. Source: design section 8. */
const engineSchema = z.object({
  url: z.string(),
  pid: z.number(),
  endpoints: z.record(z.string(), z.string()),
});

type Engine = z.output<typeof engineSchema>;

/**
 * Finds the stack of that name, or else the engine that runs on the data folder.
 * @throws TargetError
 */
export async function findTarget({ data, stack }: TargetOptions): Promise<Target> {
  if (stack !== undefined) {
    return { kind: 'stack', name: stack, outputs: await readOutputs({}, stack), client: () => ({}) };
  }
  const engine = await readEngine(data);
  const client = (service: string) => localClient(engine, service);
  return { kind: 'local', name: data, outputs: await readOutputs(client('cloudformation'), undefined), client };
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

async function readEngine(data: string): Promise<Engine> {
  const file = join(data, 'engine.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw new TargetError(
      `no engine runs on ${data} (${file} is missing): start one with npm start, or name --data or --stack`,
    );
  }
  const engine = engineSchema.safeParse(parseJson(text));
  if (!engine.success) throw new TargetError(`${file} is not what an engine of this version writes: start it again`);
  if (!isAlive(engine.data.pid)) {
    throw new TargetError(
      `no engine runs on ${data} (its process ${engine.data.pid} is gone): start it with npm start`,
    );
  }
  return engine.data;
}

function localClient(engine: Engine, service: string): ClientOptions {
  const plain = (name: string) => name.toLowerCase().replaceAll('-', '');
  const endpoint = Object.entries(engine.endpoints).find(([name]) => plain(name) === plain(service))?.[1];
  if (endpoint === undefined) throw new TargetError(`the engine at ${engine.url} has no endpoint of ${service}`);
  const region = 'us-east-1';
  return { endpoint, region, credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' } };
}

async function readOutputs(
  options: ClientOptions,
  stack: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  const client = new CloudFormationClient({ ...options });
  try {
    const { Stacks = [] } = await client.send(
      new DescribeStacksCommand(stack === undefined ? {} : { StackName: stack }),
    );
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TargetError(`the outputs of ${stack ?? 'the engine'} could not be read: ${reason}`, { cause });
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
