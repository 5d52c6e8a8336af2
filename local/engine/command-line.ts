/** `npm start`: runs one engine until it is told to stop. */
import { ContextError } from '../../lambdas/domain/configuration/context.ts';
import { PostgresError } from '../postgres/postgres-error.ts';
import { TemplateError } from '../template/template.ts';
import { startEngine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { parseOptions } from './options.ts';
import { welcome } from './welcome.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
// What a shell says of a process that Ctrl-C ended.
const INTERRUPTED = 130;

/**
 * @param root the checkout.
 * @returns the exit code, when everything is stopped.
 */
export async function runEngine(args: readonly string[], root: string): Promise<number> {
  const startedAt = performance.now();
  const stopping = new AbortController();
  // A second Ctrl-C changes nothing: cutting the stop short is what leaves processes behind.
  for (const signal of SIGNALS) process.on(signal, () => stopping.abort(signal));
  try {
    const options = parseOptions(args);
    const engine = await startEngine({ options, root, say, signal: stopping.signal });
    const { url, consoleUrl } = engine.file;
    const { inboxUrl, dataFolder } = engine;
    const shownFolder = options.isMemory ? 'memory' : dataFolder;
    say(welcome({ url, consoleUrl, inboxUrl, dataFolder: shownFolder, startedInMs: performance.now() - startedAt }));
    await aborted(stopping.signal);
    say('Stopping');
    await engine.stop();
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) return INTERRUPTED;
    process.stderr.write(`${explain(error)}\n`);
    return 1;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Mistakes of the user's are told in their own words; any other fault keeps its trace. */
function explain(error: unknown): string {
  const isMistake = [EngineError, TemplateError, PostgresError, ContextError].some((known) => error instanceof known);
  if (isMistake) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
