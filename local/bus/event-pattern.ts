/**
 * Event patterns: nested objects whose leaves are arrays of alternatives. All fields must match; for arrays of objects
 * all fields under one array must match in the same element ("array consistency", aws/event-ruler).
 * Source: EventBridge User Guide, "Amazon EventBridge event patterns".
 */
import { compileMatcher, invalidPattern, isLeaf, type Leaf, onlyMember } from './value-matchers.ts';

/** @param event the whole envelope, parsed. */
export type EventMatcher = (event: Readonly<Record<string, unknown>>) => boolean;

type Node = Readonly<Record<string, unknown>>;
/** @param node the object that holds the field in question; `root` is the event. */
type Test = (node: Node, root: Node) => boolean;

// PutRule, EventPattern: "Maximum length of 4096".
const LONGEST_PATTERN = 4096;

/**
 * @param pattern the JSON text, or the object that it stands for (a template has it so).
 * @throws ServiceError InvalidEventPatternException (400), naming the reason.
 */
export function compilePattern(pattern: unknown): EventMatcher {
  const source = typeof pattern === 'string' ? parse(pattern) : pattern;
  if (JSON.stringify(source).length > LONGEST_PATTERN)
    throw invalidPattern(`longer than ${LONGEST_PATTERN} characters`);
  if (!isNode(source)) throw invalidPattern('Filter is not an object');
  const test = compileObject(source, []);
  return (event) => test(event, event);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidPattern('it is no JSON');
  }
}

function compileObject(source: Node, path: readonly string[]): Test {
  const fields = Object.entries(source);
  if (fields.length === 0) throw invalidPattern('Empty objects are not allowed');
  const tests = fields.map(([name, value]) => compileField(name, value, path));
  return (node, root) => tests.every((test) => test(node, root));
}

function compileField(name: string, value: unknown, path: readonly string[]): Test {
  if (name === '$or' && Array.isArray(value) && value.length > 1 && value.every(isNode)) {
    const alternatives = value.map((alternative) => compileObject(alternative, path));
    return (node, root) => alternatives.some((test) => test(node, root));
  }
  const ownPath = [...path, name];
  if (Array.isArray(value)) return compileLeaf(value, ownPath);
  if (!isNode(value)) throw invalidPattern(`"${name}" must be an object or an array`);
  const test = compileObject(value, ownPath);
  return (node, root) => {
    const objects = objectsIn(node[name]);
    // Without an object below, only `exists: false` can hold.
    return objects.length === 0 ? test({}, root) : objects.some((object) => test(object, root));
  };
}

function compileLeaf(alternatives: readonly unknown[], path: readonly string[]): Test {
  if (alternatives.length === 0) throw invalidPattern('Empty arrays are not allowed');
  const name = path.at(-1) ?? '';
  const tests = alternatives.map((alternative): Test => {
    const isPresence = !isLeaf(alternative) && onlyMember(alternative)[0] === 'exists';
    if (isPresence) return compileExists(onlyMember(alternative)[1], path);
    const matches = compileMatcher(alternative);
    return (node) => leavesIn(node[name]).some(matches);
  });
  return (node, root) => tests.some((test) => test(node, root));
}

/** Only leaves exist; and a field that any element of an array has is not absent. */
function compileExists(wanted: unknown, path: readonly string[]): Test {
  if (typeof wanted !== 'boolean') throw invalidPattern('exists match pattern must be either true or false.');
  const name = path.at(-1) ?? '';
  if (wanted) return (node) => leavesIn(node[name]).length > 0;
  return (_, root) => !hasLeaf(root, path);
}

function hasLeaf(value: unknown, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return leavesIn(value).length > 0;
  return objectsIn(value).some((object) => hasLeaf(object[name], rest));
}

function leavesIn(value: unknown): Leaf[] {
  if (isLeaf(value)) return [value];
  return Array.isArray(value) ? value.flatMap(leavesIn) : [];
}

function objectsIn(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return isNode(value) ? [value] : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
