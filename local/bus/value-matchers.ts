/**
 * What a leaf of an event pattern may say about one value.
 * Source: EventBridge User Guide, "Comparison operators for use in event patterns"; where it leaves room, as
 * aws/event-ruler does it (a number equals another by value, `anything-but` of strings holds for a number).
 */
import ipaddr from 'ipaddr.js';
import { ServiceError } from '../services/service.ts';

/** A value of an event that is neither object nor array. */
export type Leaf = string | number | boolean | null;
export type LeafMatcher = (value: Leaf) => boolean;

export function invalidPattern(reason: string): ServiceError {
  return new ServiceError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
}

/** @param source an element of a leaf's array, `{ exists: … }` excepted (it asks for the field, not for a value). */
export function compileMatcher(source: unknown): LeafMatcher {
  if (isLeaf(source)) return (value) => value === source;
  const [name, argument] = onlyMember(source);
  const compile = OPERATORS[name];
  if (compile === undefined) throw invalidPattern(`Unrecognized match type ${name}`);
  return compile(argument);
}

/** The single member of a match expression. */
export function onlyMember(source: unknown): [name: string, argument: unknown] {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw invalidPattern('Match value must be String, number, true, false, or null');
  }
  const [member, ...others] = Object.entries(source);
  if (member === undefined) throw invalidPattern('Match expression name not found');
  if (others.length > 0) throw invalidPattern('Only one key allowed in match expression');
  return member;
}

const OPERATORS: Readonly<Record<string, (argument: unknown) => LeafMatcher>> = {
  prefix: (argument) => affix('prefix', argument, (value, wanted) => value.startsWith(wanted)),
  suffix: (argument) => affix('suffix', argument, (value, wanted) => value.endsWith(wanted)),
  'equals-ignore-case': (argument) => {
    const wanted = text('equals-ignore-case', argument).toLowerCase();
    return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
  },
  wildcard: (argument) => wildcard(text('wildcard', argument)),
  numeric,
  cidr,
  'anything-but': anythingBut,
};

function affix(name: string, argument: unknown, holds: (value: string, wanted: string) => boolean): LeafMatcher {
  if (typeof argument === 'string') return (value) => typeof value === 'string' && holds(value, argument);
  const [inner, wanted] = typeof argument === 'object' ? onlyMember(argument) : [name, text(name, argument)];
  if (inner !== 'equals-ignore-case') throw invalidPattern(`Unsupported ${name} pattern: ${inner}`);
  const folded = text(name, wanted).toLowerCase();
  return (value) => typeof value === 'string' && holds(value.toLowerCase(), folded);
}

/** `*` stands for any characters; `\*` and `\\` for themselves. */
function wildcard(pattern: string): LeafMatcher {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index);
    if (character === '*') {
      if (pattern.charAt(index + 1) === '*') throw invalidPattern('Consecutive wildcard characters');
      source += '.*';
    } else if (character === '\\') {
      index += 1;
      if (!['*', '\\'].includes(pattern.charAt(index))) throw invalidPattern('Invalid escape character in wildcard');
      source += `\\${pattern.charAt(index)}`;
    } else {
      source += character.replace(/[.+?^${}()|[\]]/, String.raw`\$&`);
    }
  }
  const expression = new RegExp(`^${source}$`, 's');
  return (value) => typeof value === 'string' && expression.test(value);
}

// "EventBridge supports numeric matching for values between -5.0e9 and +5.0e9 inclusive".
const LARGEST_NUMBER = 5e9;
type Bound = (value: number) => boolean;

function numeric(argument: unknown): LeafMatcher {
  if (!Array.isArray(argument)) throw invalidPattern('Value of numeric must be an array.');
  const [firstOperator, first, secondOperator, second] = argument as unknown[];
  if (argument.length === 2) {
    const holds = bound(firstOperator, first, ['=', '<', '<=', '>', '>=']);
    return (value) => typeof value === 'number' && holds(value);
  }
  if (argument.length !== 4) throw invalidPattern('Too many elements in numeric expression');
  const isAbove = bound(firstOperator, first, ['>', '>=']);
  const isBelow = bound(secondOperator, second, ['<', '<=']);
  if (Number(first) >= Number(second)) throw invalidPattern('Bottom must be less than top');
  return (value) => typeof value === 'number' && isAbove(value) && isBelow(value);
}

function bound(operator: unknown, limit: unknown, allowed: readonly string[]): Bound {
  if (typeof operator !== 'string' || !allowed.includes(operator)) {
    throw invalidPattern(`Unrecognized numeric range operator: ${String(operator)}`);
  }
  if (typeof limit !== 'number' || Math.abs(limit) > LARGEST_NUMBER) {
    throw invalidPattern(`Value of ${operator} must be numeric`);
  }
  const bounds: Readonly<Record<string, Bound>> = {
    '=': (value) => value === limit,
    '<': (value) => value < limit,
    '<=': (value) => value <= limit,
    '>': (value) => value > limit,
    '>=': (value) => value >= limit,
  };
  return bounds[operator] ?? (() => false);
}

function cidr(argument: unknown): LeafMatcher {
  const block = text('cidr', argument);
  if (!ipaddr.isValidCIDR(block)) throw invalidPattern(`Malformed CIDR: ${block}`);
  const [network, prefixBits] = ipaddr.parseCIDR(block);
  return (value) => {
    if (typeof value !== 'string' || !ipaddr.isValid(value)) return false;
    const address = ipaddr.parse(value);
    return address.kind() === network.kind() && address.match(network, prefixBits);
  };
}

const NEGATABLE = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'];

/** Holds for a value that is there and is none of these; a missing field matches nothing. */
function anythingBut(argument: unknown): LeafMatcher {
  if (typeof argument !== 'object' || argument === null || Array.isArray(argument)) {
    const values = listOf('anything-but', argument);
    if (new Set(values.map((value) => typeof value)).size > 1) {
      throw invalidPattern(
        'Inside anything but list, either all values are number or string, mixed type is not supported',
      );
    }
    return (value) => !values.includes(value as string | number);
  }
  const [name, inner] = onlyMember(argument);
  if (!NEGATABLE.includes(name)) throw invalidPattern(`Unsupported anything-but pattern: ${name}`);
  const unwanted = listOf(name, inner).map((value) => compileMatcher({ [name]: value }));
  return (value) => !unwanted.some((matches) => matches(value));
}

function listOf(name: string, argument: unknown): (string | number)[] {
  const values: unknown[] = Array.isArray(argument) ? argument : [argument];
  if (values.length === 0) throw invalidPattern('Empty arrays are not allowed');
  return values.map((value) => {
    if (typeof value === 'number' && name === 'anything-but') return value;
    if (typeof value !== 'string') throw invalidPattern(`Inside ${name} list, only strings and numbers are supported.`);
    if (value === '' && name !== 'anything-but') throw invalidPattern(`Null ${name} not allowed`);
    return value;
  });
}

function text(name: string, argument: unknown): string {
  if (typeof argument !== 'string') throw invalidPattern(`${name} match pattern must be a string`);
  return argument;
}

export function isLeaf(value: unknown): value is Leaf {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
