import { settingsSchema } from '../../../lambdas/domain/configuration/settings.ts';
import { handlerCode } from '../handler-code.ts';
import { type TemplateView, variablesOf } from '../template-view.ts';
import { type Check, problem, unless, unlessSame } from './check.ts';
import { ownFunctions } from './fleet.ts';

/** Variables that name a resource, with what they must name. */
const OF_RESOURCES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['DATABASE_NAME', 'tidegate'],
  ['SERVICE_SECRET_ARN', { Ref: 'ServiceSecret' }],
  ['DELIVERIES_QUEUE_URL', { Ref: 'DeliveriesQueue' }],
  ['RETRIES_QUEUE_URL', { Ref: 'RetriesQueue' }],
  ['DEAD_LETTERS_QUEUE_URL', { Ref: 'DeadLettersQueue' }],
  ['BUS_NAME', { Ref: 'Bus' }],
  ['KEY_ARN', { 'Fn::GetAtt': ['Key', 'Arn'] }],
  ['CONTROL_BUCKET', { Ref: 'ControlBucket' }],
  ['OWN_HOSTS', { 'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] }] }] }],
]);

export const VARIABLE_CHECKS: readonly Check[] = [
  {
    name: 'variables: what a handler asks for at cold start, and nothing else',
    async *problems(view) {
      const code = await handlerCode();
      for (const [id] of ownFunctions(view)) {
        // Every function is given its settings, read or not.
        const wanted = new Set([...(code.get(id)?.variables ?? []), 'SETTINGS']);
        yield* unlessSame(id, Object.keys(variablesOf(view, id)), wanted);
      }
    },
  },
  {
    name: 'variables: each names the resource that it says',
    *problems(view) {
      for (const [id] of ownFunctions(view)) yield* misnamed(view, id);
    },
  },
  {
    name: 'variables: the settings are such as the functions can read',
    *problems(view) {
      for (const [id] of ownFunctions(view)) {
        const { SETTINGS } = variablesOf(view, id);
        const read = settingsSchema.safeParse(JSON.parse(String(SETTINGS ?? '{}')));
        if (!read.success && SETTINGS !== undefined) yield problem(id, `SETTINGS: ${read.error.message}`);
      }
    },
  },
  {
    name: 'variables: no template loosens the egress rule',
    *problems(view) {
      if (JSON.stringify(view.json).includes('TIDEGATE_EGRESS')) yield problem(view.name, 'names TIDEGATE_EGRESS');
    },
  },
];

function* misnamed(view: TemplateView, id: string) {
  const variables = variablesOf(view, id);
  for (const [name, value] of Object.entries(variables)) {
    if (OF_RESOURCES.has(name)) yield* unless(id, name, value, OF_RESOURCES.get(name));
  }
  if ('DATABASE_SECRET_ARN' in variables) {
    const secret = id === 'Migrate' ? 'OwnerSecret' : 'ServiceSecret';
    yield* unless(id, 'DATABASE_SECRET_ARN', variables.DATABASE_SECRET_ARN, { Ref: secret });
  }
  if ('EVENT_SOURCE_MAPPING_IDS' in variables) {
    const all = view.ofType('AWS::Lambda::EventSourceMapping').map(([mapping]) => ({ Ref: mapping }));
    const joined = { 'Fn::Join': ['', all.flatMap((ref, index) => (index === 0 ? [ref] : [',', ref]))] };
    yield* unless(id, 'EVENT_SOURCE_MAPPING_IDS', variables.EVENT_SOURCE_MAPPING_IDS, joined);
  }
}
