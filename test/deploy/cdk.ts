/** The real CDK command line, as a user runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { signalGroup } from './process-group.ts';

export interface CdkProps {
  readonly arguments: readonly string[];
  /** Working directory; `cdk.json` is read there. */
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface CdkRun {
  /** null when it had to be killed. */
  readonly exitCode: number | null;
  /** What the user sees, both streams in order. */
  readonly screen: string;
}

const CLI = join(dirname(createRequire(import.meta.url).resolve('aws-cdk/package.json')), 'bin', 'cdk');

export async function runCdk(props: CdkProps): Promise<CdkRun> {
  const child = spawn(process.execPath, [CLI, '--no-notices', ...props.arguments], {
    cwd: props.folder,
    env: props.variables,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: synth is a child of it, and a timeout must end both.
    detached: true,
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { pid } = child;
  const kill = (): void => {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  };
  const timer = setTimeout(kill, props.timeoutMs);
  // An interrupted story ends what it has under way.
  process.once('exit', kill);
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, screen: Buffer.concat(chunks).toString('utf8') };
  } finally {
    clearTimeout(timer);
    process.off('exit', kill);
  }
}

/** @throws Error with all that was on the screen unless the command succeeded. */
export async function expectCdk(props: CdkProps): Promise<string> {
  const { exitCode, screen } = await runCdk(props);
  if (exitCode !== 0) throw new Error(`cdk ${props.arguments.join(' ')} ended with ${exitCode}:\n${screen}`);
  return screen;
}
