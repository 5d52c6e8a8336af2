import type { Resource, TemplateView } from '../template-view.ts';
import { becomes, type Mutant, without } from './mutant.ts';

const KNOWN = 'resources: every property';

/** What CloudFormation itself would refuse: names, types, values, references, sizes. */
export function* mutantsOfForm(view: TemplateView): Generator<Mutant> {
  for (const [id, resource] of firstOfEachType(view)) yield* misspelt(id, resource);
  yield* ofValues();
  yield* ofReferences(view);
  yield* ofSizes(view);
}

function firstOfEachType(view: TemplateView): ReadonlyMap<string, Resource> {
  const first = new Map(
    [...view.resources].reverse().map(([id, resource]) => [resource.Type, [id, resource] as const]),
  );
  return new Map(
    [...first.values()].filter(([, { Type }]) => Type.startsWith('AWS::') && Type !== 'AWS::CDK::Metadata'),
  );
}

/** The first property of each type with two letters swapped, and a type that is not there. */
function* misspelt(id: string, { Type, Properties }: Resource): Generator<Mutant> {
  const [name] = Object.keys(Properties);
  if (name === undefined) return;
  const wrong = `${name.slice(0, -2)}${name.at(-1)}${name.at(-2)}`;
  yield becomes(KNOWN, Properties[name], id, 'Properties', wrong === name ? `${name}x` : wrong);
  yield becomes(KNOWN, `${Type}s`, id, 'Type');
}

function* ofValues(): Generator<Mutant> {
  const fn = (name: string) => ['Deliver', 'Properties', name] as const;
  yield becomes(KNOWN, 'soon', ...fn('Timeout'));
  yield becomes(KNOWN, 29.5, ...fn('Timeout'));
  yield becomes(KNOWN, 'Never', ...fn('RecursiveLoop'));
  yield becomes(KNOWN, 'arm64', ...fn('Architectures'));
  yield becomes(KNOWN, { Variable: {} }, ...fn('Environment'));
  yield without(KNOWN, ...fn('Code'));
  yield without(KNOWN, ...fn('Role'));
  yield without(KNOWN, 'EventsMapping', 'Properties', 'FunctionName');
  yield becomes(KNOWN, { Maximum: 5 }, 'EventsMapping', 'Properties', 'ScalingConfig');
  yield becomes(KNOWN, 'yes', 'DatabaseCluster', 'Properties', 'StorageEncrypted');
  yield becomes(KNOWN, 'ON', 'SweepSchedule', 'Properties', 'State');
  yield without(KNOWN, 'SweepSchedule', 'Properties', 'FlexibleTimeWindow');
  yield becomes(KNOWN, 'two weeks', 'EventsQueue', 'Properties', 'MessageRetentionPeriod');
  yield becomes(KNOWN, ['a', 'b'], 'Key', 'Properties', 'Tags');
}

function* ofReferences(view: TemplateView): Generator<Mutant> {
  const is = 'references: every name';
  yield becomes(is, { Ref: 'EventQueue' }, 'Publish', 'Properties', 'Environment', 'Variables', 'BUS_NAME');
  yield becomes(is, ['Shema'], 'Deliver', 'DependsOn');
  yield becomes(is, { 'Fn::Sub': '$' + '{Buss}-x' }, 'Bus', 'Properties', 'Description');
  yield without(is, 'OwnerSecret');
  yield without(is, view.ofType('AWS::IAM::Role').map(([id]) => id)[0] ?? '');
  const has = 'references: every attribute';
  yield becomes(has, { 'Fn::GetAtt': ['EventsQueue', 'ARN'] }, 'EventsMapping', 'Properties', 'EventSourceArn');
  yield becomes(has, { 'Fn::GetAtt': ['Publish', 'Url'] }, 'Publish', 'Properties', 'Description');
}

function* ofSizes(view: TemplateView): Generator<Mutant> {
  yield becomes(
    'quotas: size of the environment',
    'x'.repeat(4_000),
    'Publish',
    'Properties',
    'Environment',
    'Variables',
    'SETTINGS',
  );
  yield becomes('quotas: length', 'x'.repeat(257), 'Daily', 'Properties', 'Description');
  const [[policy = ''] = []] = view.ofType('AWS::IAM::Policy');
  const { Statement } = view.resource(policy).Properties.PolicyDocument as { readonly Statement: readonly unknown[] };
  const many = Array.from({ length: 60 }, () => Statement).flat();
  yield becomes('quotas: size of the inline', many, policy, 'Properties', 'PolicyDocument', 'Statement');
  const resources = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`Bus${n}`, view.resource('Bus')]));
  const all = { ...view.json.Resources, ...resources };
  yield { name: '400 resources more', caughtBy: 'quotas: resources', path: ['Resources'], value: all };
  const [[, permission] = []] = view.ofType('AWS::Lambda::Permission');
  const permissions = Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`Permission${n}`, permission]));
  const routed = { ...view.json.Resources, ...permissions };
  yield {
    name: 'a permission for each route',
    caughtBy: 'quotas: size of the resource policy',
    path: ['Resources'],
    value: routed,
  };
}
