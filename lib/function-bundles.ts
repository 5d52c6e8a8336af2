import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { build, type Metafile } from 'esbuild';
import { bundleTrimming } from './bundle-trimming.ts';

/** Folders under `lambdas/` whose `handler.ts` exports `handler`. */
export const FUNCTION_FOLDERS = [
  'publish',
  'webhooks',
  'deliveries',
  'health',
  'fan-out',
  'deliver',
  'dead-letter',
  'sweeper',
  'daily',
  'migrate',
] as const;

export type FunctionFolder = (typeof FUNCTION_FOLDERS)[number];

/** Where the stack gets the code of its functions: bundles for a deploy, a stub in synth tests. */
export type CodeOf = (folder: FunctionFolder) => Code;

export interface FunctionBundles {
  /** Holds `<folder>/index.mjs`. */
  readonly directory: string;
  readonly codeOf: CodeOf;
  /** Removes the bundles; to be called after synth, which has copied them into the cloud assembly. */
  dispose(): Promise<void>;
}

// A cold start reads and compiles the whole bundle; the limit of 250 MB (Lambda quotas) is no guard against that.
const LARGEST_BUNDLE_BYTES = 1_000_000;

// The SDK is bundled (pinned versions, and it is absent from the deploy test's emulator). Its CommonJS parts call
// `require`, which an ES module lacks; the import has a name of its own because the SDK declares the usual ones too.
const REQUIRE_BANNER =
  "import { createRequire as tidegateCreateRequire } from 'node:module'; const require = tidegateCreateRequire(import.meta.url);";

export interface BundleProps {
  /** Folder that holds `<function>/handler.ts`. */
  readonly sourceRoot?: string;
  readonly folders?: readonly string[];
}

/**
 * Bundles all functions at once. One esbuild call shares its parsed modules between the entry points; NodejsFunction
 * starts a process for each function (design section 8 wants a start within seconds; docs/adr/0005).
 * @throws BundleTooLargeError naming every bundle over 1 MB with what fills it; esbuild's own error for broken code.
 */
export async function bundleFunctions(props: BundleProps = {}): Promise<FunctionBundles> {
  const sourceRoot = resolve(props.sourceRoot ?? join(import.meta.dirname, '..', 'lambdas'));
  const folders = props.folders ?? FUNCTION_FOLDERS;
  const outdir = await mkdtemp(join(tmpdir(), 'tidegate-bundles-'));
  const dispose = () => rm(outdir, { recursive: true, force: true });
  try {
    const { metafile } = await build({
      entryPoints: folders.map((folder) => ({ in: join(sourceRoot, folder, 'handler.ts'), out: `${folder}/index` })),
      outdir,
      absWorkingDir: outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      // The SDK's `main` is CommonJS, which esbuild cannot shake: 1.5 to 2 times the size.
      mainFields: ['module', 'main'],
      minify: true,
      // Functions and classes keep their names (5 % of the size): a stack trace in the logs is read by them. A source
      // map would do as much, but Node reads it at each cold start.
      keepNames: true,
      plugins: [bundleTrimming],
      legalComments: 'none',
      banner: { js: REQUIRE_BANNER },
      metafile: true,
      logLevel: 'silent',
    });
    refuseLargeBundles(metafile);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { directory: outdir, codeOf: (folder) => Code.fromAsset(join(outdir, folder)), dispose };
}

/** A bundle is over 1 MB, most likely by an import that was not meant for a function. */
export class BundleTooLargeError extends Error {
  readonly code = 'BUNDLE_TOO_LARGE';
}

function refuseLargeBundles(metafile: Metafile): void {
  const large = Object.entries(metafile.outputs).filter(([, { bytes }]) => bytes > LARGEST_BUNDLE_BYTES);
  if (large.length === 0) return;
  const lines = large.map(
    ([path, output]) => `  ${path}: ${output.bytes} bytes, most of them ${largestInputs(output)}`,
  );
  throw new BundleTooLargeError(`Bundles may have ${LARGEST_BUNDLE_BYTES} bytes:\n${lines.join('\n')}`);
}

function largestInputs(output: Metafile['outputs'][string]): string {
  return Object.entries(output.inputs)
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 5)
    .map(([path, { bytesInOutput }]) => `${path} (${bytesInOutput})`)
    .join(', ');
}
