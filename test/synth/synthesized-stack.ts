import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { CodeOf } from '../../lib/function-bundles.ts';
import { readContext } from '../../lib/stack-context.ts';
import { TidegateStack } from '../../lib/tidegate-stack.ts';

/** A resource as it stands in the template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly Metadata?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface SynthesizedStack {
  readonly name: string;
  readonly template: Template;
  readonly resources: ReadonlyMap<string, Resource>;
  /** Logical ids and resources of one type. */
  ofType(type: string): ReadonlyArray<readonly [string, Resource]>;
  /** @throws Error when there is none of that id. */
  resource(logicalId: string): Resource;
}

// Bundling is tested by itself; here each function's code is its folder's name.
const codeStub: CodeOf = (folder) => Code.fromInline(`export const handler = () => '${folder}';`);

/** Synthesizes the stack of a context in this process, without bundles. */
export function synthesizedStack(context: Readonly<Record<string, unknown>> = {}): SynthesizedStack {
  const app = new App({ context: { ...context }, autoSynth: false });
  const stack = new TidegateStack(app, { context: readContext(app.node), codeOf: codeStub });
  const template = Template.fromStack(stack);
  const resources = new Map<string, Resource>(Object.entries(template.toJSON().Resources));
  return {
    name: stack.stackName,
    template,
    resources,
    ofType: (type) => [...resources].filter(([, resource]) => resource.Type === type),
    resource: (logicalId) => {
      const found = resources.get(logicalId);
      if (found === undefined) throw new Error(`no resource ${logicalId}`);
      return found;
    },
  };
}

/** Logical ids that a part of the template names by Ref, Fn::GetAtt or Fn::Sub. */
export function referencesIn(value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  collectReferences(value, found);
  return found;
}

function collectReferences(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'Ref' && typeof item === 'string') found.add(item);
    else if (key === 'Fn::GetAtt' && Array.isArray(item)) found.add(String(item[0]));
    else collectReferences(item, found);
  }
}

/** Everything that CloudFormation makes before this resource. */
export function prerequisitesOf(stack: SynthesizedStack, logicalId: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (id: string): void => {
    const resource = stack.resources.get(id);
    if (resource === undefined) return;
    for (const next of [...(resource.DependsOn ?? []), ...referencesIn(resource.Properties)]) {
      if (found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(logicalId);
  return found;
}
