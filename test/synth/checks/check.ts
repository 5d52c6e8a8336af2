import { isDeepStrictEqual } from 'node:util';
import type { TemplateView } from '../template-view.ts';

export interface Problem {
  /** Logical id, or what else is at fault. */
  readonly subject: string;
  readonly message: string;
}

export interface Finding extends Problem {
  readonly check: string;
}

/** An invariant of the template: no problem, and it holds. */
export interface Check {
  /** `subject: what holds`. */
  readonly name: string;
  readonly problems: (view: TemplateView) => Iterable<Problem> | AsyncIterable<Problem>;
}

export function problem(subject: string, message: string): Problem {
  return { subject, message };
}

/** A problem when the two differ, told with both. */
export function* unless(subject: string, what: string, actual: unknown, expected: unknown): Generator<Problem> {
  if (!isDeepStrictEqual(actual, expected)) {
    yield problem(subject, `${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
  }
}

/** Problems for what is missing from, and for what is too much in, a set of names. */
export function* unlessSame(subject: string, actual: Iterable<string>, expected: Iterable<string>): Generator<Problem> {
  const [there, wanted] = [[...actual], [...expected]];
  for (const name of wanted.filter((name) => !there.includes(name))) yield problem(subject, `lacks ${name}`);
  for (const name of there.filter((name) => !wanted.includes(name))) yield problem(subject, `has ${name} besides`);
  if (new Set(there).size !== there.length) yield problem(subject, `has one twice: ${there.join(', ')}`);
}

/** A problem when it is no whole number within the limits. */
export function* unlessWithin(
  subject: string,
  what: string,
  actual: unknown,
  [least, most]: readonly [number, number],
): Generator<Problem> {
  if (!(Number.isInteger(actual) && Number(actual) >= least && Number(actual) <= most)) {
    yield problem(subject, `${what} is ${JSON.stringify(actual)}, not ${least} to ${most}`);
  }
}

/** What one check finds. One that cannot even be carried out has found something. */
export async function findingsOf({ name, problems }: Check, view: TemplateView): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  try {
    for await (const { subject, message } of problems(view)) findings.push({ check: name, subject, message });
  } catch (error) {
    findings.push({ check: name, subject: view.name, message: `cannot be judged: ${(error as Error).message}` });
  }
  return findings;
}

/** What all the checks find, in their order. */
export async function judge(view: TemplateView, checks: readonly Check[]): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const check of checks) found.push(...(await findingsOf(check, view)));
  return found;
}
