/** Property names, types and values, held against CloudFormation's own resource schemas; no network, no Python. */
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { type Check, type Problem, problem } from './check.ts';

type Spec = ReturnType<typeof loadAwsServiceSpecSync>;
type Properties = NonNullable<ReturnType<typeof definitionOf>>['properties'];
type PropertyType = Properties[string]['type'];

let loaded: Spec | undefined;

function spec(): Spec {
  loaded ??= loadAwsServiceSpecSync();
  return loaded;
}

/** @returns undefined for a type that CloudFormation does not have. */
export function definitionOf(type: string) {
  return spec().lookup('resource', 'cloudFormationType', 'equals', type)[0];
}

// Not in the schemas: CDK's own marker, which CloudFormation takes for usage figures.
const WITHOUT_SCHEMA = /^(Custom::|AWS::CDK::Metadata$)/;

export const SCHEMA_OF_RESOURCE_CHECKS: readonly Check[] = [
  {
    name: 'resources: every property has a name, a type and a value that CloudFormation knows',
    *problems(view) {
      for (const [id, { Type, Properties }] of view.resources) {
        if (WITHOUT_SCHEMA.test(Type)) continue;
        const definition = definitionOf(Type);
        if (definition === undefined) yield problem(id, `is of the unknown type ${Type}`);
        else yield* misfits(id, Properties, definition.properties);
      }
    },
  },
];

function* misfits(path: string, value: unknown, properties: Properties): Generator<Problem> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield problem(path, `is ${JSON.stringify(value)}, not an object`);
    return;
  }
  for (const [name, { required }] of Object.entries(properties)) {
    if (required === true && !(name in value)) yield problem(path, `lacks ${name}`);
  }
  for (const [name, item] of Object.entries(value)) {
    const property = properties[name];
    if (property === undefined) yield problem(path, `has no property ${name}`);
    else yield* misfitsOfAny(`${path}.${name}`, item, [property.type, ...(property.previousTypes ?? [])]);
  }
}

/** Fits when it fits one of the types; else what is wrong with it as the first. */
function* misfitsOfAny(path: string, value: unknown, types: readonly PropertyType[]): Generator<Problem> {
  const tried = types.map((type) => [...misfitsOf(path, value, type)]);
  if (!tried.some(({ length }) => length === 0)) yield* tried[0] ?? [];
}

function* misfitsOf(path: string, value: unknown, type: PropertyType): Generator<Problem> {
  if (isIntrinsic(value)) return;
  switch (type.type) {
    case 'array':
      if (!Array.isArray(value)) yield problem(path, `is ${JSON.stringify(value)}, not a list`);
      else for (const [index, item] of value.entries()) yield* misfitsOf(`${path}.${index}`, item, type.element);
      return;
    case 'map':
      for (const [key, item] of Object.entries(value as object)) yield* misfitsOf(`${path}.${key}`, item, type.element);
      return;
    case 'ref':
      yield* misfits(path, value, spec().get('typeDefinition', type.reference).properties);
      return;
    case 'union':
      yield* misfitsOfAny(path, value, type.types);
      return;
    default:
      if (!fits(value, type)) yield problem(path, `is ${JSON.stringify(value)}, not ${describe(type)}`);
  }
}

/** A function of CloudFormation, whose result is known at the deploy. */
function isIntrinsic(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const [key, ...more] = Object.keys(value);
  return more.length === 0 && (key === 'Ref' || key?.startsWith('Fn::') === true);
}

/** CloudFormation converts between scalars, but a text that is no number is none. */
function fits(value: unknown, type: PropertyType): boolean {
  switch (type.type) {
    case 'string':
      return ['string', 'number', 'boolean'].includes(typeof value) && isAmong(value, type.allowedValues);
    case 'integer':
      return Number.isInteger(Number(value)) && typeof value !== 'object' && isAmong(value, type.allowedValues);
    case 'number':
      return Number.isFinite(Number(value)) && typeof value !== 'object';
    case 'boolean':
      return [true, false, 'true', 'false'].includes(value as boolean | string);
    case 'tag':
      return (
        typeof value === 'object' &&
        Object.keys(value ?? {})
          .sort()
          .join() === 'Key,Value'
      );
    case 'json':
      return typeof value === 'object';
    default:
      return true;
  }
}

function isAmong(value: unknown, allowed: readonly unknown[] | undefined): boolean {
  return allowed === undefined || allowed.map(String).includes(String(value));
}

function describe(type: PropertyType): string {
  return 'allowedValues' in type && type.allowedValues !== undefined ? type.allowedValues.join(' or ') : type.type;
}
