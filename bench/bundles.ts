import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Bundle {
  readonly name: string;
  readonly kilobytes: number;
  /** A bare Node process that imports the bundle and ends, less one that imports nothing; median of several. */
  readonly coldLoadMs: number;
}

const RUNS = 7;
/** What a handler needs to be loaded at all; nothing is called. */
const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  SETTINGS: '',
  JWT_ISSUER: 'http://127.0.0.1',
  DATABASE_CLUSTER_ARN: 'a',
  DATABASE_SECRET_ARN: 'a',
  DATABASE_NAME: 'a',
  SERVICE_SECRET_ARN: 'a',
  DELIVERIES_QUEUE_URL: 'http://127.0.0.1/q',
  RETRIES_QUEUE_URL: 'http://127.0.0.1/q',
  DEAD_LETTERS_QUEUE_URL: 'http://127.0.0.1/q',
  BUS_NAME: 'a',
  KEY_ARN: 'a',
  CONTROL_BUCKET: 'a',
  EVENT_SOURCE_MAPPING_IDS: 'a',
  SCHEMA_HEAD: '1',
};

/** Synthesizes the app and measures every function's bundle. */
export async function measureBundles(): Promise<Bundle[]> {
  const out = await mkdtemp(join(tmpdir(), 'tidegate-bench-synth-'));
  try {
    await run(process.execPath, ['bin/app.ts'], { env: { ...process.env, CDK_OUTDIR: out } });
    const functions = await functionsOf(out);
    const emptyMs = await loadMs(undefined, {});
    const bundles: Bundle[] = [];
    for (const { name, file, settings } of functions) {
      const { size } = await stat(file);
      const coldLoadMs = (await loadMs(file, { ...ENVIRONMENT, SETTINGS: settings })) - emptyMs;
      bundles.push({ name, kilobytes: size / 1000, coldLoadMs });
    }
    return bundles;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

interface FunctionBundle {
  readonly name: string;
  readonly file: string;
  readonly settings: string;
}

interface Template {
  readonly Resources: Record<
    string,
    {
      readonly Type: string;
      readonly Properties?: {
        readonly Code?: { readonly S3Key?: unknown };
        readonly Environment?: { readonly Variables?: Record<string, unknown> };
      };
    }
  >;
}

async function functionsOf(out: string): Promise<FunctionBundle[]> {
  const templates = (await readdir(out)).filter((name) => name.endsWith('.template.json'));
  const functions: FunctionBundle[] = [];
  for (const name of templates) {
    const { Resources } = JSON.parse(await readFile(join(out, name), 'utf8')) as Template;
    for (const [id, { Type, Properties }] of Object.entries(Resources)) {
      const settings = Properties?.Environment?.Variables?.SETTINGS;
      const key = Properties?.Code?.S3Key;
      if (Type !== 'AWS::Lambda::Function' || typeof settings !== 'string' || typeof key !== 'string') continue;
      functions.push({ name: id, file: join(out, `asset.${key.replace(/\.zip$/, '')}`, 'index.mjs'), settings });
    }
  }
  if (functions.length === 0) throw new Error('the template has no function whose bundle can be found');
  return functions;
}

async function loadMs(file: string | undefined, env: Record<string, string>): Promise<number> {
  const script = file === undefined ? '' : `await import(${JSON.stringify(file)})`;
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const startedMs = performance.now();
    await run(process.execPath, ['--input-type=module', '-e', `${script}; process.exit(0)`], { env });
    times.push(performance.now() - startedMs);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN;
}
