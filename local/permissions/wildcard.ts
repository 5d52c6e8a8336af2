/** Patterns of IAM: `*` stands for any characters (none too), `?` for exactly one. */

export type Matcher = (text: string) => boolean;

/**
 * @param pattern an action, a resource or a value of StringLike.
 * @param options.ignoreCase actions are compared without regard to case, resources are not.
 * Source: IAM User Guide, "IAM JSON policy elements: Resource" and "Action".
 */
export function wildcard(pattern: string, options: { readonly ignoreCase?: boolean } = {}): Matcher {
  if (pattern === '*') return () => true;
  const ignoreCase = options.ignoreCase === true;
  if (!/[*?]/.test(pattern)) {
    const wanted = ignoreCase ? pattern.toLowerCase() : pattern;
    return (text) => (ignoreCase ? text.toLowerCase() : text) === wanted;
  }
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, ignoreCase ? 'isu' : 'su');
  return (text) => expression.test(text);
}

const ARN_PARTS = 6;

/**
 * ArnEquals and ArnLike alike: each of the six parts is compared by itself, so a `*` does not reach over a colon; only
 * the last part (the resource) may hold colons.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators", Amazon Resource Name (ARN) condition operators.
 */
export function arnWildcard(pattern: string): Matcher {
  const matchers = splitArn(pattern).map((part) => wildcard(part));
  if (matchers.length < ARN_PARTS) throw new Error(`not an ARN pattern: ${pattern}`);
  return (arn) => {
    const parts = splitArn(arn);
    return parts.length === ARN_PARTS && parts.every((part, index) => matchers[index]?.(part) === true);
  };
}

function splitArn(arn: string): string[] {
  const parts = arn.split(':');
  if (parts.length <= ARN_PARTS) return parts;
  return [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')];
}
