/**
 * CloudFormation's intrinsic functions. What is not here is refused by name: a function that was passed through as an
 * object would surface as a strange value far away.
 * Source: CloudFormation Template Reference, "Intrinsic function reference".
 */
import { TemplateError } from './template.ts';

/** What the names in a template stand for. */
export interface Scope {
  /** Parameter, pseudo parameter, or the Ref value of a resource. @throws TemplateError for a name nobody defined. */
  ref(name: string): unknown;
  /** @throws TemplateError for a resource or attribute nobody defined. */
  attribute(logicalId: string, name: string): unknown;
  /** @throws TemplateError for a condition nobody defined. */
  condition(name: string): boolean;
  /** @throws TemplateError for a key that is not in the mapping. */
  mapping(map: string, topKey: string, secondKey: string): unknown;
}

/** Value of `AWS::NoValue`: the property or list item that holds it is left out. */
export const NO_VALUE: unique symbol = Symbol('AWS::NoValue');

export const LOCAL_AVAILABILITY_ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c'] as const;

type Intrinsic = (argument: unknown, scope: Scope) => unknown;

const INTRINSICS: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
  ['Ref', (name, scope) => scope.ref(text(name, 'Ref'))],
  ['Condition', (name, scope) => scope.condition(text(name, 'Condition'))],
  ['Fn::GetAtt', getAttribute],
  ['Fn::Sub', substitute],
  ['Fn::Join', join],
  ['Fn::Select', select],
  ['Fn::Split', split],
  ['Fn::Base64', (value, scope) => Buffer.from(text(resolve(value, scope), 'Fn::Base64')).toString('base64')],
  ['Fn::GetAZs', () => [...LOCAL_AVAILABILITY_ZONES]],
  ['Fn::FindInMap', findInMap],
  ['Fn::If', chooseIf],
  ['Fn::Equals', (value, scope) => equals(list(value, 'Fn::Equals', 2), scope)],
  ['Fn::Not', (value, scope) => !truth(list(value, 'Fn::Not', 1)[0], scope)],
  ['Fn::And', (value, scope) => list(value, 'Fn::And').every((item) => truth(item, scope))],
  ['Fn::Or', (value, scope) => list(value, 'Fn::Or').some((item) => truth(item, scope))],
]);

/**
 * @param value any part of a template.
 * @returns the value with every intrinsic function replaced by what it stands for.
 * @throws TemplateError naming the function that is refused, or the name that is not defined.
 */
export function resolve(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(item, scope)).filter((item) => item !== NO_VALUE);
  if (typeof value !== 'object' || value === null) return value;
  const call = intrinsicCall(value);
  if (call !== undefined) return call.intrinsic(call.argument, scope);
  const resolved: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const result = resolve(item, scope);
    if (result !== NO_VALUE) resolved[key] = result;
  }
  return resolved;
}

interface Call {
  readonly intrinsic: Intrinsic;
  readonly argument: unknown;
}

function intrinsicCall(value: object): Call | undefined {
  const entries = Object.entries(value);
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined) return undefined;
  const [name, argument] = entry;
  // IAM policies have a `Condition` too; there it holds an object, as an intrinsic function it names a condition.
  if (name === 'Condition' && typeof argument !== 'string') return undefined;
  const intrinsic = INTRINSICS.get(name);
  if (intrinsic !== undefined) return { intrinsic, argument };
  if (name.startsWith('Fn::')) throw new TemplateError(`${name} has no meaning on this machine`);
  return undefined;
}

function getAttribute(argument: unknown, scope: Scope): unknown {
  const [logicalId, name] = attributePath(argument);
  return scope.attribute(logicalId, text(resolve(name, scope), 'Fn::GetAtt'));
}

/** `[id, name]` or `id.name`; the name may hold dots (`MasterUserSecret.SecretArn`). */
export function attributePath(argument: unknown): readonly [string, unknown] {
  if (typeof argument !== 'string') {
    const [logicalId, name] = list(argument, 'Fn::GetAtt', 2);
    return [text(logicalId, 'Fn::GetAtt'), name];
  }
  const dot = argument.indexOf('.');
  if (dot < 0) throw new TemplateError(`Fn::GetAtt of ${argument} names no attribute`);
  return [argument.slice(0, dot), argument.slice(dot + 1)];
}

const VARIABLE = /\$\{(!?)([^}]+)\}/g;

/** Names inside `${…}` of an Fn::Sub text, without the escaped ones (`${!Literal}`). */
export function substitutedNames(template: string): string[] {
  return [...template.matchAll(VARIABLE)].filter(([, bang]) => bang === '').map(([, , name = '']) => name.trim());
}

function substitute(argument: unknown, scope: Scope): string {
  const [template, variables] = typeof argument === 'string' ? [argument, {}] : list(argument, 'Fn::Sub', 2);
  const own = new Map(Object.entries((variables ?? {}) as object));
  return text(template, 'Fn::Sub').replaceAll(VARIABLE, (_whole, bang: string, inner: string) => {
    const name = inner.trim();
    if (bang === '!') return `\${${name}}`;
    if (own.has(name)) return scalar(resolve(own.get(name), scope), 'Fn::Sub');
    const value = name.includes('.') ? scope.attribute(...splitOnce(name)) : scope.ref(name);
    return scalar(value, 'Fn::Sub');
  });
}

function splitOnce(name: string): [string, string] {
  const dot = name.indexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
}

function join(argument: unknown, scope: Scope): string {
  const [delimiter, parts] = list(argument, 'Fn::Join', 2);
  return list(resolve(parts, scope), 'Fn::Join')
    .map((part) => scalar(part, 'Fn::Join'))
    .join(text(delimiter, 'Fn::Join'));
}

function split(argument: unknown, scope: Scope): string[] {
  const [delimiter, source] = list(argument, 'Fn::Split', 2);
  return text(resolve(source, scope), 'Fn::Split').split(text(delimiter, 'Fn::Split'));
}

function select(argument: unknown, scope: Scope): unknown {
  const [index, items] = list(argument, 'Fn::Select', 2);
  const position = Number(resolve(index, scope));
  const resolved = list(resolve(items, scope), 'Fn::Select');
  if (!(position in resolved)) throw new TemplateError(`Fn::Select: no item ${position} in ${resolved.length}`);
  return resolved[position];
}

function findInMap(argument: unknown, scope: Scope): unknown {
  const [map, topKey, secondKey] = list(resolve(argument, scope), 'Fn::FindInMap', 3);
  return scope.mapping(text(map, 'Fn::FindInMap'), text(topKey, 'Fn::FindInMap'), text(secondKey, 'Fn::FindInMap'));
}

function chooseIf(argument: unknown, scope: Scope): unknown {
  const [name, whenTrue, whenFalse] = list(argument, 'Fn::If', 3);
  return resolve(scope.condition(text(name, 'Fn::If')) ? whenTrue : whenFalse, scope);
}

function equals(pair: readonly unknown[], scope: Scope): boolean {
  const [left, right] = pair.map((item) => scalar(resolve(item, scope), 'Fn::Equals'));
  return left === right;
}

function truth(value: unknown, scope: Scope): boolean {
  const resolved = resolve(value, scope);
  if (typeof resolved !== 'boolean') throw new TemplateError(`a condition yields ${JSON.stringify(resolved)}`);
  return resolved;
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new TemplateError(`${where} needs a text, not ${JSON.stringify(value)}`);
  return value;
}

function scalar(value: unknown, where: string): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return text(value, where);
}

function list(value: unknown, where: string, length?: number): readonly unknown[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    throw new TemplateError(`${where} needs a list${length === undefined ? '' : ` of ${length}`}`);
  }
  return value;
}
