/** Walks through a template and gives every resource a body from the registry. */
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';
import { NO_VALUE, resolve, type Scope } from './intrinsics.ts';
import { creationOrder } from './order.ts';
import { type Template, TemplateError, type TemplateResource } from './template.ts';

/** One resource with all intrinsic functions resolved. */
export interface ResourceRequest {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stackName: string;
}

/** What other resources may ask of it. */
export interface Provisioned {
  /** Value of Ref. */
  readonly ref: string;
  /** Values of Fn::GetAtt. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export type ResourceBody = (request: ResourceRequest) => Provisioned | Promise<Provisioned>;

/** Bodies by resource type. `Custom::…` types are looked up as `AWS::CloudFormation::CustomResource`. */
export type Registry = ReadonlyMap<string, ResourceBody>;

export interface ProvisionProps {
  readonly template: Template;
  readonly stackName: string;
  /** Values of the stack's parameters; those left out take their default. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly registry: Registry;
}

/**
 * @returns the stack's outputs.
 * @throws TemplateError naming type and logical id of what has no body, before anything is made.
 */
export async function provision(props: ProvisionProps): Promise<Record<string, string>> {
  const { template, registry } = props;
  refuseUnknownTypes(template, registry);
  const made = new Map<string, Provisioned>();
  const scope = createScope(props, made);
  for (const logicalId of creationOrder(template)) {
    const resource = template.Resources[logicalId];
    if (resource === undefined || !isWanted(resource.Condition, scope)) continue;
    made.set(logicalId, await make(props, scope, { logicalId, resource }));
  }
  return resolveOutputs(template, scope);
}

interface NamedResource {
  readonly logicalId: string;
  readonly resource: TemplateResource;
}

async function make(props: ProvisionProps, scope: Scope, named: NamedResource): Promise<Provisioned> {
  const { logicalId, resource } = named;
  const body = bodyOf(resource.Type, props.registry);
  if (body === undefined) throw new TemplateError(`${logicalId}: no body for ${resource.Type}`);
  return body({
    logicalId,
    type: resource.Type,
    properties: resolve(resource.Properties, scope) as Record<string, unknown>,
    metadata: resource.Metadata,
    stackName: props.stackName,
  });
}

function bodyOf(type: string, registry: Registry): ResourceBody | undefined {
  return registry.get(type.startsWith('Custom::') ? 'AWS::CloudFormation::CustomResource' : type);
}

function refuseUnknownTypes(template: Template, registry: Registry): void {
  const unknown = Object.entries(template.Resources).filter(([, { Type }]) => bodyOf(Type, registry) === undefined);
  if (unknown.length === 0) return;
  const lines = unknown.map(([logicalId, { Type }]) => `  ${Type} (${logicalId})`);
  throw new TemplateError(`the local engine has no body for:\n${lines.join('\n')}`);
}

function isWanted(condition: string | undefined, scope: Scope): boolean {
  return condition === undefined || scope.condition(condition);
}

function resolveOutputs(template: Template, scope: Scope): Record<string, string> {
  const wanted = Object.entries(template.Outputs).filter(([, output]) => isWanted(output.Condition, scope));
  return Object.fromEntries(wanted.map(([name, output]) => [name, String(resolve(output.Value, scope))]));
}

function pseudoParameters(stackName: string): ReadonlyMap<string, unknown> {
  const stackId = `arn:aws:cloudformation:${LOCAL_REGION}:${LOCAL_ACCOUNT}:stack/${stackName}/local`;
  return new Map<string, unknown>([
    ['AWS::AccountId', LOCAL_ACCOUNT],
    ['AWS::Region', LOCAL_REGION],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::StackName', stackName],
    ['AWS::StackId', stackId],
    ['AWS::NotificationARNs', []],
    ['AWS::NoValue', NO_VALUE],
  ]);
}

function createScope(props: ProvisionProps, made: ReadonlyMap<string, Provisioned>): Scope {
  const { template, parameters } = props;
  const pseudo = pseudoParameters(props.stackName);
  const scope: Scope = {
    ref(name) {
      if (pseudo.has(name)) return pseudo.get(name);
      if (name in template.Parameters) return parameterValue(name, template, parameters);
      return madeResource(name, made).ref;
    },
    attribute(logicalId, name) {
      const value = madeResource(logicalId, made).attributes?.[name];
      if (value === undefined) throw new TemplateError(`${logicalId} has no attribute ${name} on this machine`);
      return value;
    },
    condition(name) {
      const expression = template.Conditions[name];
      if (expression === undefined) throw new TemplateError(`condition ${name} does not exist`);
      return resolve(expression, scope) === true;
    },
    mapping(map, topKey, secondKey) {
      const value = template.Mappings[map]?.[topKey]?.[secondKey];
      if (value === undefined) throw new TemplateError(`no ${topKey}.${secondKey} in mapping ${map}`);
      return value;
    },
  };
  return scope;
}

function parameterValue(name: string, template: Template, given: Readonly<Record<string, string>>): unknown {
  const value = given[name] ?? template.Parameters[name]?.Default;
  if (value === undefined) throw new TemplateError(`parameter ${name} has neither a value nor a default`);
  return value;
}

function madeResource(logicalId: string, made: ReadonlyMap<string, Provisioned>): Provisioned {
  const resource = made.get(logicalId);
  if (resource === undefined) throw new TemplateError(`${logicalId} is not a resource, parameter or pseudo parameter`);
  return resource;
}
