/**
 * Entry point of a function's worker thread: Lambda's runtime interface client, over a message port. Several invocations
 * run at once in one thread; the functions promise that their handlers are re-entrant.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type {
  FromWorker,
  FunctionError,
  InvocationContext,
  ServiceAnswer,
  ServiceCall,
  ToWorker,
  WorkerData,
} from './protocol.ts';
import { wrapSecretKeys } from './secret-keys.ts';
import { carryServiceCalls } from './service-calls.ts';

type Handler = (event: unknown, context: unknown) => unknown;

const { codeDirectory, handler, carriedUrl } = workerData as WorkerData;
const waitingCalls = new Map<number, (answer: ServiceAnswer) => void>();
let lastCall = 0;
wrapSecretKeys();
if (carriedUrl !== undefined) carryServiceCalls(carriedUrl, callService);
const handlerLoaded = load();
handlerLoaded.then(
  () => send({ kind: 'loaded' }),
  (error: unknown) => send({ kind: 'unusable', error: toFunctionError(error) }),
);

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'ping') send({ kind: 'pong' });
  else if (message.kind === 'answer') takeAnswer(message.id, message.answer);
  else void run(message.id, message.event, message.context);
});

function callService(call: ServiceCall): Promise<ServiceAnswer> {
  lastCall += 1;
  const id = lastCall;
  return new Promise((resolve) => {
    waitingCalls.set(id, resolve);
    send({ kind: 'call', id, call });
  });
}

function takeAnswer(id: number, answer: ServiceAnswer): void {
  waitingCalls.get(id)?.(answer);
  waitingCalls.delete(id);
}

async function run(id: number, event: string, context: InvocationContext): Promise<void> {
  try {
    const invoke = await handlerLoaded;
    const result = await invoke(JSON.parse(event), toLambdaContext(context));
    send({ kind: 'returned', id, payload: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    send({ kind: 'failed', id, error: toFunctionError(error) });
  }
}

async function load(): Promise<Handler> {
  const dot = handler.lastIndexOf('.');
  const module = handler.slice(0, dot);
  const name = handler.slice(dot + 1);
  const file = ['.mjs', '.js', '.cjs'].map((end) => join(codeDirectory, module + end)).find((path) => existsSync(path));
  if (file === undefined) throw namedError('Runtime.ImportModuleError', `Cannot find module '${module}'`);
  const exports = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  // A CommonJS bundle shows its exports as the default export, whatever the lexer finds of them.
  const found = exports[name] ?? (exports.default as Record<string, unknown> | undefined)?.[name];
  if (typeof found !== 'function') {
    throw namedError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  return found as Handler;
}

function toLambdaContext(context: InvocationContext): Record<string, unknown> {
  const { deadlineMs, ...rest } = context;
  return {
    ...rest,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

function toFunctionError(thrown: unknown): FunctionError {
  if (!(thrown instanceof Error)) {
    return { errorType: typeof thrown, errorMessage: typeof thrown === 'string' ? thrown : String(thrown), trace: [] };
  }
  return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
}

function namedError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}
