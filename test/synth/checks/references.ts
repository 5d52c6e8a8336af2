import { referencesIn } from '../template-view.ts';
import { type Check, problem } from './check.ts';
import { definitionOf } from './resource-schemas.ts';

// Source: CloudFormation Template Reference, "Pseudo parameters reference".
const PSEUDO_PARAMETER = /^AWS::(AccountId|NoValue|NotificationARNs|Partition|Region|StackId|StackName|URLSuffix)$/;

export const REFERENCE_CHECKS: readonly Check[] = [
  {
    name: 'references: every name that one part of the template uses is there',
    *problems(view) {
      const isThere = (name: string) =>
        view.resources.has(name) || name in (view.json.Parameters ?? {}) || PSEUDO_PARAMETER.test(name);
      for (const [id, { Properties, DependsOn }] of view.resources) {
        for (const name of referencesIn(Properties)) if (!isThere(name)) yield problem(id, `names ${name}`);
        for (const name of DependsOn ?? []) if (!view.resources.has(name)) yield problem(id, `waits for ${name}`);
      }
      for (const [output, { Value }] of Object.entries(view.json.Outputs ?? {})) {
        for (const name of referencesIn(Value)) if (!isThere(name)) yield problem(output, `names ${name}`);
      }
    },
  },
  {
    name: 'references: every attribute that is asked of a resource is one that it has',
    *problems(view) {
      for (const [id, name] of attributesIn([...view.resources.values(), view.json.Outputs])) {
        const { Type } = view.resources.get(id) ?? {};
        const definition = Type === undefined ? undefined : definitionOf(Type);
        if (definition !== undefined && !(name in definition.attributes)) yield problem(id, `has no attribute ${name}`);
      }
    },
  },
];

function* attributesIn(value: unknown): Generator<readonly [id: string, attribute: string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'Fn::GetAtt' && Array.isArray(item)) yield [String(item[0]), String(item[1])];
    else yield* attributesIn(item);
  }
}
