/**
 * The condition operators and keys that the evaluator knows. Anything else is refused when a policy is loaded: an
 * unknown condition that was skipped would turn a missing grant into a pass here and an AccessDenied in AWS.
 */
import { arnWildcard, type Matcher, wildcard } from './wildcard.ts';

/** What a call carries besides principal, action and resource: values by key, in lower case. An absent key matches nothing. */
export type CallContext = Readonly<Record<string, string>>;

export type Condition = (context: CallContext) => boolean;

/** Known keys, with the value that holds for every call on this machine, if there is one. */
const KEYS: ReadonlyMap<string, string | undefined> = new Map([
  // Loopback stands in for TLS: nothing leaves this machine.
  ['aws:securetransport', 'true'],
  ['aws:sourcearn', undefined],
  ['aws:sourceaccount', undefined],
  // No local service calls another one on a caller's behalf.
  ['kms:viaservice', undefined],
  // Function URLs are open here as in the stack: the gate's senders cannot sign for AWS.
  ['lambda:functionurlauthtype', 'NONE'],
  // Given by ListObjectsV2, and only when it asks for a prefix.
  ['s3:prefix', undefined],
]);

const OPERATORS: ReadonlyMap<string, (value: string) => Matcher> = new Map([
  [
    'StringEquals',
    (value: string): Matcher =>
      (text) =>
        text === value,
  ],
  ['StringLike', (value: string) => wildcard(value)],
  ['Bool', (value: string) => wildcard(value, { ignoreCase: true })],
  ['ArnEquals', arnWildcard],
  ['ArnLike', arnWildcard],
]);

export type ConditionBlock = Readonly<
  Record<string, Readonly<Record<string, string | boolean | readonly (string | boolean)[]>>>
>;

/**
 * @returns a test that holds when every operator and key holds for at least one of its values.
 * @throws Error naming the operator or key that is not known.
 */
export function compileConditions(block: ConditionBlock): Condition {
  const conditions = Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => compileCondition(operator, key, [values].flat())),
  );
  return (context) => conditions.every((condition) => condition(context));
}

function compileCondition(operator: string, key: string, values: readonly (string | boolean)[]): Condition {
  const matcherOf = OPERATORS.get(operator);
  if (matcherOf === undefined) throw new Error(`condition operator ${operator} is not known`);
  const name = key.toLowerCase();
  if (!KEYS.has(name)) throw new Error(`condition key ${key} is not known`);
  const matchers = values.map((value) => matcherOf(String(value)));
  return (context) => {
    const actual = context[name] ?? KEYS.get(name);
    return actual !== undefined && matchers.some((matches) => matches(actual));
  };
}
