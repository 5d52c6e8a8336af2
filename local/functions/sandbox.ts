/** One function's worker thread: started when first needed, started again after a crash. */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Dispatch } from '../services/dispatcher.ts';
import type { FunctionDefinition, InvocationFailure, InvocationOutcome } from './function-definition.ts';
import type { FromWorker, FunctionError, InvocationContext, ServiceCall, ToWorker, WorkerData } from './protocol.ts';

/** Where the function's AWS calls go without a socket. */
export interface CarriedServices {
  /** What its SDK is pointed at: calls to this base URL are carried. */
  readonly url: string;
  readonly dispatch: Dispatch;
}

export interface SandboxProps {
  readonly definition: FunctionDefinition;
  /** One line that the function wrote. */
  readonly onOutput: (logicalId: string, line: string) => void;
  /** The worker died by itself, by `kill`, or because it was stuck. Called in the same turn as its invocations fail. */
  readonly onDeath: (logicalId: string) => void;
  /** @default none: AWS calls take a socket */
  readonly services?: CarriedServices | undefined;
}

export interface Sandbox {
  /** @param event JSON text. Never rejects. */
  invoke(event: string): Promise<InvocationOutcome>;
  /** Starts the worker, waits until its code is loaded (or cannot be), and from now on keeps it while it is idle. */
  warmUp(): Promise<void>;
  /** Ends the worker as a crash would. */
  kill(): Promise<void>;
  /** Ends the worker without telling of a death. */
  close(): Promise<void>;
}

interface Pending {
  readonly settle: (outcome: InvocationOutcome) => void;
  readonly timer: NodeJS.Timeout;
}

interface Running {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  readonly loaded: PromiseWithResolvers<void>;
  isAnswering: boolean;
  isClosing: boolean;
}

// A healthy event loop answers within a millisecond or so; a second also covers a long garbage collection.
const STUCK_AFTER_MS = 1_000;
// Lambda takes back what is idle after some minutes too. Here each worker holds 45 MB. Longer than the sweeper's default
// pause of a minute, which would else start anew each time.
const IDLE_MS = 90_000;
/**
 * Without a limit V8 lets the young generation of each busy worker grow to 96 MB, which buys no speed: what survives an
 * invocation is little. The rest is a worker's own affair, as memory here is shared by invocations that Lambda would
 * run apart.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 24 } as const;

export function createSandbox(props: SandboxProps): Sandbox {
  const { definition } = props;
  let running: Running | undefined;
  let lastId = 0;
  let isKept = false;
  let idle: NodeJS.Timeout | undefined;

  const start = (): Running => {
    const started = startWorker(props, () => {
      if (running === started) running = undefined;
    });
    running = started;
    return started;
  };
  const end = async (isClosing: boolean): Promise<void> => {
    const ended = running;
    if (ended === undefined) return;
    ended.isClosing = isClosing;
    await ended.worker.terminate();
  };
  const retire = (): void => {
    const retired = running;
    if (retired === undefined || retired.pending.size > 0) return;
    // Before it has ended: an invocation of this very moment gets a new one.
    running = undefined;
    retired.isClosing = true;
    void retired.worker.terminate();
  };
  const retireWhenIdle = (): void => {
    clearTimeout(idle);
    if (!isKept) idle = setTimeout(retire, IDLE_MS).unref();
  };

  return {
    invoke: (event) =>
      new Promise<InvocationOutcome>((resolve) => {
        clearTimeout(idle);
        const { worker, pending } = running ?? start();
        const current = running;
        lastId += 1;
        const id = lastId;
        const timer = setTimeout(() => timeOut(current, id, definition), definition.timeoutSeconds * 1_000);
        pending.set(id, { settle: resolve, timer });
        post(worker, { kind: 'invoke', id, event, context: createContext(definition) });
      }).finally(retireWhenIdle),
    warmUp: () => {
      isKept = true;
      return (running ?? start()).loaded.promise;
    },
    kill: () => end(false),
    close: () => end(true),
  };
}

function startWorker(props: SandboxProps, onExit: () => void): Running {
  const { definition, onOutput, onDeath, services } = props;
  const { codeDirectory, handler, logicalId } = definition;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    env: { ...definition.environment },
    workerData: { codeDirectory, handler, carriedUrl: services?.url } satisfies WorkerData,
    name: logicalId,
    resourceLimits: RESOURCE_LIMITS,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdout: true,
    stderr: true,
  });
  const started: Running = {
    worker,
    pending: new Map(),
    loaded: Promise.withResolvers(),
    isAnswering: true,
    isClosing: false,
  };
  for (const stream of [worker.stdout, worker.stderr]) forwardLines(stream, (line) => onOutput(logicalId, line));
  let failure: FunctionError = { errorType: 'Runtime.ExitError', errorMessage: 'the runtime exited', trace: [] };
  worker.on('message', (message: FromWorker) => {
    receive(started, message);
    if (message.kind === 'call' && services !== undefined) void serve(worker, services.dispatch, message);
    if (message.kind !== 'unusable') return;
    // Lambda starts a new sandbox after a failed init: what failed may have been passing.
    onOutput(logicalId, `${message.error.errorType}: ${message.error.errorMessage}`);
    onExit();
    started.isClosing = true;
    void worker.terminate();
  });
  worker.on('error', (error) => {
    failure = describe(error);
    onOutput(logicalId, `${failure.errorType}: ${failure.errorMessage}\n${failure.trace.join('\n')}`);
  });
  worker.on('exit', () => {
    onExit();
    started.loaded.resolve();
    settleAll(started, { kind: 'sandbox-lost', ...failure });
    if (!started.isClosing) onDeath(logicalId);
  });
  return started;
}

function receive(running: Running, message: FromWorker): void {
  if (message.kind === 'pong') running.isAnswering = true;
  if (message.kind === 'returned') settle(running, message.id, { kind: 'returned', payload: message.payload });
  if (message.kind === 'failed') settle(running, message.id, { kind: 'failed', ...message.error });
  if (message.kind === 'loaded' || message.kind === 'unusable') running.loaded.resolve();
  if (message.kind === 'unusable') settleAll(running, { kind: 'failed', ...message.error });
}

/** To a worker that died meanwhile the answer goes nowhere, as on a socket that broke. */
async function serve(
  worker: Worker,
  dispatch: Dispatch,
  { id, call }: { readonly id: number; readonly call: ServiceCall },
): Promise<void> {
  const { body } = call;
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
  const answer = await dispatch({ ...call, body: bytes });
  // A Buffer may be a window on a pool that would be sent along.
  const sent = typeof answer.body === 'string' ? answer.body : new Uint8Array(answer.body);
  post(worker, { kind: 'answer', id, answer: { ...answer, body: sent } });
}

function settleAll(running: Running, outcome: InvocationOutcome): void {
  for (const id of [...running.pending.keys()]) settle(running, id, outcome);
}

function settle(running: Running, id: number, outcome: InvocationOutcome): void {
  const pending = running.pending.get(id);
  // An answer after the timeout has nobody waiting for it.
  if (pending === undefined) return;
  running.pending.delete(id);
  clearTimeout(pending.timer);
  pending.settle(outcome);
}

/**
 * Lambda kills the sandbox of an invocation that timed out; in Lambda that sandbox served nobody else. Here the worker
 * serves the invocation's neighbours too, so it is only ended when its event loop is stuck; otherwise the invocation
 * fails and its late answer is dropped.
 */
function timeOut(running: Running | undefined, id: number, definition: FunctionDefinition): void {
  if (running === undefined) return;
  const errorMessage = `Task timed out after ${definition.timeoutSeconds.toFixed(2)} seconds`;
  const failure: InvocationFailure = { kind: 'timed-out', errorType: 'Sandbox.Timedout', errorMessage, trace: [] };
  settle(running, id, failure);
  running.isAnswering = false;
  post(running.worker, { kind: 'ping' });
  setTimeout(() => {
    if (!running.isAnswering) void running.worker.terminate();
  }, STUCK_AFTER_MS);
}

function createContext(definition: FunctionDefinition): InvocationContext {
  return {
    awsRequestId: randomUUID(),
    functionName: definition.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: definition.arn,
    memoryLimitInMB: String(definition.memoryMb),
    logGroupName: `/aws/lambda/${definition.functionName}`,
    logStreamName: 'local',
    deadlineMs: Date.now() + definition.timeoutSeconds * 1_000,
  };
}

function forwardLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
}

function describe(thrown: unknown): FunctionError {
  if (!(thrown instanceof Error)) return { errorType: 'Runtime.Unknown', errorMessage: String(thrown), trace: [] };
  return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
