/** The command line of `npm start`. */
import { Command, InvalidArgumentError } from 'commander';
import { contextKeys, parseContext } from '../../lambdas/domain/configuration/context.ts';
import { EngineError } from './engine-error.ts';

export interface EngineOptions {
  readonly port: number;
  readonly dataFolder: string;
  /** Data that ends with the process. */
  readonly isMemory: boolean;
  readonly isVerbose: boolean;
  /** AWS calls of the functions take sockets, instead of the workers' message ports. */
  readonly isOverSockets: boolean;
  /** CDK context, as given. */
  readonly context: Readonly<Record<string, string>>;
  /** The production rule for targets: public addresses over https alone. */
  readonly isEgressPublic: boolean;
}

/** The one key that is the engine's own: a deployed stack's rule cannot be loosened by context. */
const EGRESS = 'egress';

const EXAMPLES = `
Examples:
  npm start                                        on port 8787, data in .tidegate
  npm start -- --port 0 --memory                   on a free port, nothing kept
  npm start -- --data /var/lib/webhooks            data elsewhere
  npm start -- -c retryScheduleSeconds=1,1,2 -c sweepSeconds=1
  npm start -- -c egress=public                    targets must be public and https, as in AWS
`;

/**
 * @param args without the program's own name.
 * @throws EngineError INVALID_OPTION, ContextError. Unknown options and --help end the process, as commander does it.
 */
export function parseOptions(args: readonly string[]): EngineOptions {
  const command = new Command('npm start --')
    .description('Runs Tidegate on this machine: the stack of `cdk deploy`, with PostgreSQL and durable queues.')
    .option('--port <number>', 'port of the HTTP API on 127.0.0.1; 0 picks a free one', toPort, 8787)
    .option('--data <folder>', 'folder for data', '.tidegate')
    .option('--memory', 'throw all data away at the end', false)
    .option('--verbose', 'print what the functions log', false)
    .option('--sockets', 'let the functions call the local services over HTTP: slower, and seen by a sniffer', false)
    .option('-c, --context <key=value>', 'CDK context, may be repeated', collect, {})
    .allowExcessArguments(false)
    .addHelpText('after', `${EXAMPLES}\nContext keys:\n${describeKeys()}\n`)
    .parse([...args], { from: 'user' });
  const given = command.opts<{
    port: number;
    data: string;
    memory: boolean;
    verbose: boolean;
    sockets: boolean;
    context: KeyValues;
  }>();
  const { [EGRESS]: egress, ...context } = given.context;
  if (egress !== undefined && egress !== 'public') {
    throw new EngineError('INVALID_OPTION', `egress: the only value is public, not ${egress}`);
  }
  // Here already, so that a mistake is told before anything starts.
  parseContext(context);
  return {
    port: given.port,
    dataFolder: given.data,
    isMemory: given.memory,
    isVerbose: given.verbose,
    isOverSockets: given.sockets,
    context,
    isEgressPublic: egress === 'public',
  };
}

type KeyValues = Readonly<Record<string, string>>;

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return port;
}

function collect(text: string, earlier: KeyValues): KeyValues {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be key=value.');
  return { ...earlier, [text.slice(0, equals)]: text.slice(equals + 1) };
}

function describeKeys(): string {
  const keys = [
    ...contextKeys().map(({ key, defaultValue, description }) => ({ key, defaultValue, description })),
    { key: EGRESS, defaultValue: undefined, description: '`public` switches the production rule for targets on.' },
  ];
  return keys
    .map(({ key, defaultValue, description }) => {
      const shown = defaultValue === undefined ? '' : ` [${String(defaultValue)}]`;
      return `  ${key.padEnd(26)}${description}${shown}`;
    })
    .join('\n');
}
