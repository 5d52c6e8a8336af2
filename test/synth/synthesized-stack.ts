import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, type CodeConfig } from 'aws-cdk-lib/aws-lambda';
import { parseContext } from '../../lambdas/domain/configuration/context.ts';
import { readContext } from '../../lib/stack-context.ts';
import { TidegateStack } from '../../lib/tidegate-stack.ts';
import { type TemplateView, viewOf } from './template-view.ts';

export interface SynthesizedStack extends TemplateView {
  readonly template: Template;
}

/** Bundling is tested by itself; here each function's code is an object of its own that nobody uploads. */
class CodeStub extends Code {
  readonly isInline = false;
  private readonly folder: string;

  constructor(folder: string) {
    super();
    this.folder = folder;
  }

  override bind(): CodeConfig {
    return { s3Location: { bucketName: 'bundles', objectKey: `${this.folder}.zip` } };
  }
}

export const codeStub = (folder: string): Code => new CodeStub(folder);

/** Synthesizes the stack of a context in this process, without bundles. */
export function synthesizedStack(context: Readonly<Record<string, unknown>> = {}): SynthesizedStack {
  const app = new App({ context: { ...context }, autoSynth: false });
  return synthesized(new TidegateStack(app, { context: readContext(app.node), codeOf: codeStub }));
}

/** Several stages in one app. */
export function stacksInOneApp(contexts: ReadonlyArray<Record<string, unknown>>): readonly SynthesizedStack[] {
  const app = new App({ autoSynth: false });
  return contexts
    .map((context) => new TidegateStack(app, { context: parseContext(context), codeOf: codeStub }))
    .map(synthesized);
}

function synthesized(stack: TidegateStack): SynthesizedStack {
  const template = Template.fromStack(stack);
  return { ...viewOf(stack.stackName, template.toJSON() as TemplateView['json']), template };
}
