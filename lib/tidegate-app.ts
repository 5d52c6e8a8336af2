import { App } from 'aws-cdk-lib';
import { ContextError } from '../lambdas/domain/configuration/context.ts';
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

/** Ends the process with 1 after a mistake of the user's, told in its own words; any other fault keeps its trace. */
export function reportMistake(error: unknown): void {
  if (!(error instanceof ContextError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
