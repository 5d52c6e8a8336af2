import type { TemplateJson } from '../template-view.ts';

export type Path = ReadonlyArray<string | number>;

/** One change of a template that a check must find. */
export interface Mutant {
  readonly name: string;
  /** Name of the check, or how it begins. */
  readonly caughtBy: string;
  readonly path: Path;
  /** What is put there; absent, the property or list item is taken away. */
  readonly value?: unknown;
}

/** Takes a part of a resource away. */
export function without(caughtBy: string, ...path: Path): Mutant {
  return { name: `${labelOf(path)} is removed`, caughtBy, path: ['Resources', ...path] };
}

/** Puts another value into a resource. */
export function becomes(caughtBy: string, value: unknown, ...path: Path): Mutant {
  const text = JSON.stringify(value);
  const shown = text.length > 60 ? `${text.slice(0, 30)}…${text.slice(-27)}` : text;
  return { name: `${labelOf(path)} is ${shown}`, caughtBy, path: ['Resources', ...path], value };
}

function labelOf(path: Path): string {
  return path.filter((step) => step !== 'Properties').join('.');
}

/**
 * @returns a template with that one change.
 * @throws Error when it would change nothing, since such a mutant proves nothing.
 */
export function apply({ name, path, ...change }: Mutant, template: TemplateJson): TemplateJson {
  const copy: TemplateJson = JSON.parse(JSON.stringify(template));
  const [last = '', parent] = [path.at(-1), parentOf(copy, path)];
  const before = JSON.stringify(parent);
  if ('value' in change) Reflect.set(parent, last, change.value);
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
  if (JSON.stringify(parent) === before) throw new Error(`mutant "${name}" changes nothing`);
  return copy;
}

function parentOf(root: unknown, path: Path): object {
  let place: unknown = root;
  for (const step of path.slice(0, -1)) {
    place = typeof place === 'object' && place !== null ? Reflect.get(place, step) : undefined;
  }
  if (typeof place !== 'object' || place === null) throw new Error(`nothing at ${path.join('.')}`);
  return place;
}
