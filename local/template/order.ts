/** The order in which resources are made: each after all that it names. */
import { attributePath, substitutedNames } from './intrinsics.ts';
import { type Template, TemplateError, type TemplateResource } from './template.ts';

/**
 * @returns logical ids, dependencies first; ties in the template's own order.
 * @throws TemplateError for a cycle (CloudFormation refuses it too) or a DependsOn of nothing.
 */
export function creationOrder(template: Template): string[] {
  const order: string[] = [];
  const state = new Map<string, 'visiting' | 'done'>();

  const visit = (logicalId: string, path: readonly string[]): void => {
    if (state.get(logicalId) === 'done') return;
    const trail = [...path, logicalId];
    if (state.get(logicalId) === 'visiting') throw new TemplateError(`circular dependency: ${trail.join(' → ')}`);
    state.set(logicalId, 'visiting');
    const resource = template.Resources[logicalId];
    if (resource === undefined) throw new TemplateError(`${path.at(-1)} depends on ${logicalId}, which does not exist`);
    for (const dependency of dependenciesOf(resource, template)) visit(dependency, trail);
    state.set(logicalId, 'done');
    order.push(logicalId);
  };

  for (const logicalId of Object.keys(template.Resources)) visit(logicalId, []);
  return order;
}

function dependenciesOf(resource: TemplateResource, template: Template): Set<string> {
  const named = new Set<string>();
  collectNames(resource.Properties, named);
  const inTemplate = [...named].filter((name) => name in template.Resources);
  return new Set([...[resource.DependsOn].flat(), ...inTemplate]);
}

/** Names in Ref, Fn::GetAtt and Fn::Sub, of resources and of anything else (parameters, pseudo parameters). */
function collectNames(value: unknown, names: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collectNames(item, names);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === 'Ref' && typeof item === 'string') names.add(item);
    if (key === 'Fn::GetAtt') names.add(attributePath(item)[0]);
    if (key === 'Fn::Sub') for (const name of namesInSub(item)) names.add(name);
    collectNames(item, names);
  }
}

function namesInSub(argument: unknown): string[] {
  const template: unknown = Array.isArray(argument) ? argument[0] : argument;
  if (typeof template !== 'string') return [];
  return substitutedNames(template).map((name) => name.split('.', 1)[0] ?? name);
}
