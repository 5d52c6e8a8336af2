/** What a template asks for, in the words of the local services. Filled by the bodies, then brought to life by the engine. */
import type { ArchiveProperties } from '../bus/bus-service.ts';
import type { RuleProperties } from '../bus/rules.ts';
import type { KeyDefinition } from '../keys/key-service.ts';
import type { MappingDefinition } from '../mappings/mapping-definition.ts';
import type { PolicyDocument } from '../permissions/policy-document.ts';
import type { QueueProps } from '../queues/queue-properties.ts';
import type { ScheduleDefinition } from '../schedules/schedules.ts';
import type { SecretDefinition } from '../secrets/secret-store.ts';

export interface FunctionModel {
  readonly logicalId: string;
  readonly functionName: string;
  readonly arn: string;
  /** S3 key of its code; the assembly knows where that lies. */
  readonly codeKey: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly roleName: string;
}

export interface ScheduleModel extends ScheduleDefinition {
  /** As whom the scheduler invokes the function. */
  readonly roleName: string;
  readonly functionArn: string;
}

export interface ClusterModel {
  readonly arn: string;
  readonly databaseName: string;
}

/** A resource behind a function: run at the start, when all that it may use is there. */
export interface CustomResourceModel {
  readonly logicalId: string;
  readonly type: string;
  /** ARN of the function that CloudFormation would call. */
  readonly serviceToken: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** An HTTP API or a part of one, as it stands in the template, resolved. */
export interface ApiPartModel {
  readonly logicalId: string;
  readonly ref: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface StackModel {
  readonly stackName: string;
  readonly queues: QueueProps[];
  readonly functions: FunctionModel[];
  readonly mappings: MappingDefinition[];
  readonly busNames: string[];
  readonly rules: RuleProperties[];
  readonly archives: ArchiveProperties[];
  readonly keys: KeyDefinition[];
  readonly secrets: SecretDefinition[];
  readonly bucketNames: string[];
  readonly schedules: ScheduleModel[];
  readonly clusters: ClusterModel[];
  readonly customResources: CustomResourceModel[];
  readonly apis: ApiPartModel[];
  readonly apiRoutes: ApiPartModel[];
  readonly apiIntegrations: ApiPartModel[];
  readonly apiAuthorizers: ApiPartModel[];
  readonly apiStages: ApiPartModel[];
  /** By role name, inline and attached policies together. */
  readonly rolePolicies: Map<string, PolicyDocument[]>;
  /** By ARN of the queue, bucket, key or function. */
  readonly resourcePolicies: Map<string, PolicyDocument[]>;
}

/** Where the bodies' addresses point; known before the template is read. */
export interface Places {
  /** Base of the local AWS services, no slash at the end. */
  readonly servicesUrl: string;
  /** Base of the HTTP API, no slash at the end. */
  readonly apiUrl: string;
  /** Makes the secret if it is new. @returns its ARN. */
  readonly secretArn: (definition: SecretDefinition) => string;
}

export function emptyModel(stackName: string): StackModel {
  return {
    stackName,
    queues: [],
    functions: [],
    mappings: [],
    busNames: [],
    rules: [],
    archives: [],
    keys: [],
    secrets: [],
    bucketNames: [],
    schedules: [],
    clusters: [],
    customResources: [],
    apis: [],
    apiRoutes: [],
    apiIntegrations: [],
    apiAuthorizers: [],
    apiStages: [],
    rolePolicies: new Map(),
    resourcePolicies: new Map(),
  };
}

/** Adds to the policies of a role or a resource. */
export function addPolicies(
  policies: Map<string, PolicyDocument[]>,
  owner: string,
  documents: readonly PolicyDocument[],
): void {
  policies.set(owner, [...(policies.get(owner) ?? []), ...documents]);
}
