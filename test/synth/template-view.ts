/** A CloudFormation template as plain data, with the questions that checks ask of it. */

/** A resource as it stands in the template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly Metadata?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** The template's own JSON. */
export interface TemplateJson {
  readonly Resources: Readonly<Record<string, unknown>>;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: unknown }>>;
}

export interface TemplateView {
  /** The stack's name. */
  readonly name: string;
  readonly json: TemplateJson;
  readonly resources: ReadonlyMap<string, Resource>;
  /** Logical ids and resources of one type. */
  ofType(type: string): ReadonlyArray<readonly [string, Resource]>;
  /** @throws Error when there is none of that id. */
  resource(logicalId: string): Resource;
}

export function viewOf(name: string, json: TemplateJson): TemplateView {
  const resources = new Map(Object.entries(json.Resources).map(([id, resource]) => [id, toResource(resource)]));
  return {
    name,
    json,
    resources,
    ofType: (type) => [...resources].filter(([, resource]) => resource.Type === type),
    resource: (logicalId) => {
      const found = resources.get(logicalId);
      if (found === undefined) throw new Error(`no resource ${logicalId}`);
      return found;
    },
  };
}

function toResource(given: unknown): Resource {
  return { Properties: {}, ...(given as Omit<Resource, 'Properties'>) };
}

/** What a function is given, by name. */
export function variablesOf(view: TemplateView, functionId: string): Readonly<Record<string, unknown>> {
  const environment = view.resource(functionId).Properties.Environment as
    | { readonly Variables?: Readonly<Record<string, unknown>> }
    | undefined;
  return environment?.Variables ?? {};
}

/** Logical ids that a part of the template names by Ref, Fn::GetAtt or Fn::Sub. */
export function referencesIn(value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  collectReferences(value, found);
  return found;
}

/** The one that a part of the template names first, apart from pseudo parameters; empty when there is none. */
export function referenceIn(value: unknown): string {
  return [...referencesIn(value)].find((name) => !name.startsWith('AWS::')) ?? '';
}

const VARIABLE = /\$\{([^!}][^}]*)\}/g;

function collectReferences(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'Ref' && typeof item === 'string') found.add(item);
    else if (key === 'Fn::GetAtt' && Array.isArray(item)) found.add(String(item[0]));
    else if (key === 'Fn::Sub') for (const name of namesInSub(item)) found.add(name);
    else collectReferences(item, found);
  }
}

function namesInSub(argument: unknown): readonly string[] {
  const [text] = [argument].flat();
  if (typeof text !== 'string') return [];
  return [...text.matchAll(VARIABLE)].map(([, name = '']) => name.split('.', 1)[0] ?? name);
}

/** Everything that CloudFormation makes before this resource. */
export function prerequisitesOf(view: TemplateView, logicalId: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (id: string): void => {
    const resource = view.resources.get(id);
    if (resource === undefined) return;
    for (const next of [...(resource.DependsOn ?? []), ...referencesIn(resource.Properties)]) {
      if (found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(logicalId);
  return found;
}
