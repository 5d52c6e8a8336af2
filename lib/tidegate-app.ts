import { App } from 'aws-cdk-lib';
import { bundleFunctions } from './function-bundles.ts';
import { readContext } from './stack-context.ts';
import { TidegateStack } from './tidegate-stack.ts';

/**
 * Synthesizes the stack that the context describes, into the toolkit's output folder (CDK_OUTDIR).
 * @throws ContextError before anything was bundled; BundleTooLargeError.
 */
export async function synthesize(): Promise<void> {
  // Not by itself at the end of the process: it would then also write an empty assembly after a failure.
  const app = new App({ autoSynth: false });
  const context = readContext(app.node);
  const bundles = await bundleFunctions();
  try {
    new TidegateStack(app, { context, codeOf: bundles.codeOf });
    app.synth();
  } finally {
    await bundles.dispose();
  }
}

// Codes of what a user gets wrong: the context, a migration, an import that swells a bundle.
const MISTAKES: readonly unknown[] = ['INVALID_CONTEXT', 'INVALID_MIGRATION', 'BUNDLE_TOO_LARGE'];

/** Ends the process with 1 after a mistake of the user's, told in its own words; any other fault keeps its trace. */
export function reportMistake(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && MISTAKES.includes(error.code))) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
