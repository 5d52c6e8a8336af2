import { statementsOfRole } from '../policy-statements.ts';
import { referenceIn, type TemplateView, variablesOf } from '../template-view.ts';
import { type Check, type Problem, problem } from './check.ts';
import { definitionOf } from './resource-schemas.ts';

// Source: CloudFormation quotas: 500 resources, 200 outputs, a template of 1 MB. We stay below, for what is to come.
const MOST_RESOURCES = 400;
const MOST_OUTPUTS = 200;
const LARGEST_TEMPLATE_BYTES = 1_000_000;
// Source: IAM quotas, "Maximum size of all inline policies of a role"; Lambda quotas.
const LARGEST_INLINE_POLICIES_BYTES = 10_240;
const LARGEST_FUNCTION_POLICY_BYTES = 20_480;
const LARGEST_ENVIRONMENT_BYTES = 4_096;

// Longer than any ARN or URL that the stack refers to: a queue's with its 80 characters, a secret's with its end.
const LONGEST_REFERENCE = 'x'.repeat(150);

/** Limits of names and texts, by property. Sources: the services' API references. */
const LONGEST: readonly (readonly [type: string, property: string, characters: number])[] = [
  ['AWS::Events::EventBus', 'Name', 256],
  ['AWS::ApiGatewayV2::Api', 'Name', 128],
  ['AWS::ApiGatewayV2::Authorizer', 'Name', 128],
  ['AWS::Lambda::Function', 'Description', 256],
  ['AWS::Scheduler::Schedule', 'Description', 512],
  ['AWS::Events::Rule', 'Description', 512],
  ['AWS::EC2::SecurityGroup', 'GroupDescription', 255],
  ['AWS::SecretsManager::Secret', 'Description', 2_048],
  ['AWS::KMS::Key', 'Description', 8_192],
  ['AWS::IAM::Policy', 'PolicyName', 128],
];

export const QUOTA_CHECKS: readonly Check[] = [
  {
    name: 'quotas: resources, outputs and size of the template',
    *problems(view) {
      yield* unlessAtMost('resources', view.resources.size, MOST_RESOURCES);
      yield* unlessAtMost('outputs', Object.keys(view.json.Outputs ?? {}).length, MOST_OUTPUTS);
      yield* unlessAtMost('bytes of the template', JSON.stringify(view.json, null, 1).length, LARGEST_TEMPLATE_BYTES);
    },
  },
  {
    name: 'quotas: size of the inline policies of each role',
    *problems(view) {
      for (const [role] of view.ofType('AWS::IAM::Role')) {
        const bytes = statementsOfRole(view, role).reduce((sum, statement) => sum + bytesOf(statement), 0);
        yield* unlessAtMost(`bytes of the policies of ${role}`, bytes, LARGEST_INLINE_POLICIES_BYTES);
      }
    },
  },
  {
    name: 'quotas: size of the resource policy of each function',
    *problems(view) {
      const sizes = new Map<string, number>();
      for (const [id, { Properties }] of view.ofType('AWS::Lambda::Permission')) {
        const target = referenceIn(Properties.FunctionName);
        sizes.set(target, (sizes.get(target) ?? 0) + bytesOf({ Sid: id, Effect: 'Allow', ...Properties }));
      }
      for (const [id, bytes] of sizes)
        yield* unlessAtMost(`bytes of the policy of ${id}`, bytes, LARGEST_FUNCTION_POLICY_BYTES);
    },
  },
  {
    name: 'quotas: size of the environment of each function',
    *problems(view) {
      for (const [id] of view.ofType('AWS::Lambda::Function')) {
        const bytes = bytesOf(variablesOf(view, id));
        yield* unlessAtMost(`bytes of the environment of ${id}`, bytes, LARGEST_ENVIRONMENT_BYTES);
      }
    },
  },
  {
    name: 'quotas: length of names and texts',
    *problems(view) {
      yield* unlessAtMost('characters of the stack’s name', view.name.length, 128);
      for (const [type, property, most] of LONGEST) {
        for (const [id, { Properties }] of view.ofType(type)) {
          yield* unlessAtMost(`characters of ${property} of ${id}`, String(Properties[property] ?? '').length, most);
        }
      }
    },
  },
  {
    name: 'names: CloudFormation gives every physical name that it can give, so that two stages fit in one account',
    *problems(view) {
      const named = physicalNamesOf(view).filter(([, , value]) => value !== view.name);
      for (const [id, property, value] of named) yield problem(id, `has the ${property} ${value}`);
    },
  },
];

function* unlessAtMost(what: string, actual: number, most: number): Generator<Problem> {
  if (actual > most) yield problem(what, `${actual}, at most ${most}`);
}

// What identifies it only within something else of the stack: a stage within its API, a policy within its role.
const WITHIN_ANOTHER = new Set(['AWS::ApiGatewayV2::Stage', 'AWS::IAM::Policy', 'AWS::Lambda::Permission']);

/** Names that the template itself gives to what AWS identifies by its name. */
export function physicalNamesOf(
  view: TemplateView,
): ReadonlyArray<readonly [id: string, property: string, value: string]> {
  return [...view.resources].flatMap(([id, { Type, Properties }]) => {
    if (WITHIN_ANOTHER.has(Type)) return [];
    const { primaryIdentifier = [], cfnRefIdentifier = [] } = definitionOf(Type) ?? {};
    return [...new Set([...primaryIdentifier, ...cfnRefIdentifier, ...nameProperties(Type)])].flatMap((property) => {
      const value = Properties[property];
      return typeof value === 'string' ? [[id, property, value] as const] : [];
    });
  });
}

// Named by the template, yet identified by something that AWS makes up.
const NAMED_ALL_THE_SAME: Readonly<Record<string, string>> = { 'AWS::SecretsManager::Secret': 'Name' };

/** `AWS::SQS::Queue` may be named by its `QueueName`. */
function nameProperties(type: string): readonly string[] {
  return [`${type.split('::').at(-1)}Name`, NAMED_ALL_THE_SAME[type] ?? []].flat();
}

/** At most what it has when CloudFormation has put ARNs, names and URLs in place. */
function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(resolved(value)));
}

function resolved(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(resolved);
  if ('Ref' in value || 'Fn::GetAtt' in value) return LONGEST_REFERENCE;
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join']))
    return [value['Fn::Join'][1]].flat().map(resolved).join('');
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item)]));
}
