/**
 * Runs the CDK app, or takes the result of an earlier run over the same sources and context.
 *
 * The app is run directly with CDK_OUTDIR and CDK_CONTEXT_JSON, as the CDK toolkit does: the toolkit itself would add
 * seconds to every start.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from './sources.ts';
import { TemplateError } from './template.ts';

export interface SynthProps {
  /** The checkout: where bin/app.ts is. */
  readonly root: string;
  /** CDK context as given by `-c key=value`. */
  readonly context: Readonly<Record<string, unknown>>;
}

export interface Synthesis {
  /** The cloud assembly (what `cdk synth` calls cdk.out). */
  readonly directory: string;
  /** False when an earlier synth was taken over. */
  readonly isFresh: boolean;
}

const KEPT_UNUSED_MS = 30 * 86_400_000;

/** @throws TemplateError with the app's own error output. */
export async function synthesize(props: SynthProps): Promise<Synthesis> {
  const cache = join(props.root, '.cache', 'synth');
  const directory = join(cache, fingerprint(props.root, props.context));
  if (existsSync(directory)) {
    markUsed(directory);
    return { directory, isFresh: false };
  }
  mkdirSync(cache, { recursive: true });
  removeUnused(cache);
  // Its own folder, renamed when whole: a start that was interrupted must not leave half an assembly under the name.
  const unfinished = mkdtempSync(`${directory}.`);
  try {
    await runApp(props, unfinished);
    // As in Lambda: `.js` without a package.json is CommonJS, whatever the checkout around the cache says.
    writeFileSync(join(unfinished, 'package.json'), '{}\n');
    moveInto(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return { directory, isFresh: true };
}

/** Tells the cache that an assembly is in use; what nobody used for 30 days is removed by a later synth. */
export function markUsed(directory: string): void {
  const now = new Date();
  utimesSync(directory, now, now);
}

function removeUnused(cache: string): void {
  for (const name of readdirSync(cache)) {
    const entry = join(cache, name);
    if (Date.now() - statSync(entry).mtimeMs > KEPT_UNUSED_MS) rmSync(entry, { recursive: true, force: true });
  }
}

function moveInto(unfinished: string, directory: string): void {
  try {
    renameSync(unfinished, directory);
  } catch (error) {
    // Another start was faster; both hold the same.
    if (!existsSync(directory)) throw error;
  }
}

async function runApp(props: SynthProps, directory: string): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'bin/app.ts'], {
    cwd: props.root,
    env: {
      ...process.env,
      PATH: `${join(props.root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
      CDK_OUTDIR: directory,
      CDK_CONTEXT_JSON: JSON.stringify({ ...contextOfCdkJson(props.root), ...props.context }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new TemplateError(`the CDK app ended with ${code}:\n${output.trim()}`);
}

/** The toolkit would merge the `context` of cdk.json into the command line's; so does this. */
function contextOfCdkJson(root: string): Record<string, unknown> {
  const file = join(root, 'cdk.json');
  if (!existsSync(file)) return {};
  const { context } = JSON.parse(readFileSync(file, 'utf8')) as { context?: Record<string, unknown> };
  return context ?? {};
}
