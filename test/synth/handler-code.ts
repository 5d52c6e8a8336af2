/** What the code of a function can do, read from its bundle before minification, AWS SDK left out. */
import { build } from 'esbuild';
import { FUNCTION_FOLDERS } from '../../lib/function-bundles.ts';
import { logicalIdOf } from './checks/fleet.ts';

export interface HandlerCode {
  /** Variables that it reads. */
  readonly variables: ReadonlySet<string>;
  /** Commands of the AWS SDK that it can send (`SendMessageBatch`); also what its adapters have and it does not use. */
  readonly commands: ReadonlySet<string>;
}

/** Readers in `lambdas/adapters/environment` of one variable each. */
const READERS: readonly (readonly [reader: string, variable: string])[] = [
  ['readSettings()', 'SETTINGS'],
  ['readOwnHosts()', 'OWN_HOSTS'],
];

let read: Promise<ReadonlyMap<string, HandlerCode>> | undefined;

/** By logical id of the function. */
export function handlerCode(): Promise<ReadonlyMap<string, HandlerCode>> {
  read ??= readHandlers();
  return read;
}

async function readHandlers(): Promise<ReadonlyMap<string, HandlerCode>> {
  const { outputFiles } = await build({
    entryPoints: FUNCTION_FOLDERS.map((folder) => ({ in: `lambdas/${folder}/handler.ts`, out: folder })),
    outdir: 'unwritten',
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  });
  return new Map(
    FUNCTION_FOLDERS.map((folder) => {
      const text = outputFiles.find(({ path }) => path.endsWith(`/${folder}.js`))?.text;
      if (text === undefined) throw new Error(`no bundle of ${folder}`);
      return [logicalIdOf(folder), { variables: variablesIn(text), commands: commandsIn(text) }];
    }),
  );
}

/** Names in `readEnvironment([…])`, and those of the readers that are called. */
function variablesIn(text: string): ReadonlySet<string> {
  const lists = [...text.matchAll(/readEnvironment\(\[([^\]]*)\]\)/g)].map(([, list = '']) => list);
  const names = lists.flatMap((list) => [...list.matchAll(/["']([A-Z_]+)["']/g)].map(([, name = '']) => name));
  // Declared as `function readSettings() {`, called without the brace.
  const called = READERS.filter(([reader]) => text.replaceAll(`function ${reader}`, '').includes(reader));
  return new Set([...names, ...called.map(([, variable]) => variable)]);
}

function commandsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/\b([A-Z]\w+)Command\b/g)].map(([, name = '']) => name));
}
