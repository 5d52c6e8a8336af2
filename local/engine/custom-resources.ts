/**
 * Runs the custom resources behind CDK's Provider, as CloudFormation would on a deploy: Create at first, Update when
 * their properties have changed, nothing otherwise.
 *
 * The Provider's own function is passed over: it is AWS's code, its one work is to call the function behind it and to
 * report to CloudFormation over https, and here is no CloudFormation to report to.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { FunctionHost } from '../functions/function-host.ts';
import type { Authorizer } from '../services/authorizer.ts';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';
import type { CustomResourceModel, StackModel } from '../template/stack-model.ts';
import { EngineError } from './engine-error.ts';

export interface CustomResourcesProps {
  readonly model: StackModel;
  readonly functions: FunctionHost;
  readonly authorizer: Authorizer;
  /** What ran before, over restarts; absent: nothing did. */
  readonly stateFile: string | undefined;
}

const stateSchema = z.record(
  z.string(),
  z.object({ physicalId: z.string(), properties: z.record(z.string(), z.unknown()) }),
);
type State = z.output<typeof stateSchema>;

const answerSchema = z.object({ PhysicalResourceId: z.string().optional() });

/** @throws EngineError CUSTOM_RESOURCE_FAILED with the function's own message. */
export async function runCustomResources(props: CustomResourcesProps): Promise<void> {
  const state = readState(props.stateFile);
  for (const resource of props.model.customResources) {
    const before = state[resource.logicalId];
    if (before !== undefined && isDeepStrictEqual(before.properties, resource.properties)) continue;
    const physicalId = await runOne(props, resource, before);
    state[resource.logicalId] = { physicalId, properties: { ...resource.properties } };
    if (props.stateFile !== undefined) writePrivateFile(props.stateFile, JSON.stringify(state));
  }
}

async function runOne(
  props: CustomResourcesProps,
  resource: CustomResourceModel,
  before: State[string] | undefined,
): Promise<string> {
  const { model, functions, authorizer } = props;
  const provider = model.functions.find(({ arn }) => arn === resource.serviceToken);
  const target = model.functions.find(({ arn }) => arn === provider?.environment.USER_ON_EVENT_FUNCTION_ARN);
  if (provider === undefined || target === undefined) {
    throw failed(resource, "only resources behind CDK's Provider run on this machine");
  }
  authorizer(provider.logicalId, 'lambda:InvokeFunction', target.arn);
  const outcome = await functions.invoke(target.logicalId, toEvent(model.stackName, resource, before));
  if (outcome.kind !== 'returned') throw failed(resource, outcome.errorMessage);
  const answer = answerSchema.nullable().parse(JSON.parse(outcome.payload));
  return answer?.PhysicalResourceId ?? before?.physicalId ?? resource.logicalId;
}

/** Source: CloudFormation User Guide, "Custom resource request types". */
function toEvent(stackName: string, resource: CustomResourceModel, before: State[string] | undefined): unknown {
  return {
    RequestType: before === undefined ? 'Create' : 'Update',
    RequestId: randomUUID(),
    StackId: `arn:aws:cloudformation:${LOCAL_REGION}:${LOCAL_ACCOUNT}:stack/${stackName}/local`,
    LogicalResourceId: resource.logicalId,
    ResourceType: resource.type,
    ResourceProperties: { ServiceToken: resource.serviceToken, ...resource.properties },
    ...(before !== undefined && { PhysicalResourceId: before.physicalId, OldResourceProperties: before.properties }),
  };
}

function failed(resource: CustomResourceModel, reason: string): EngineError {
  return new EngineError('CUSTOM_RESOURCE_FAILED', `${resource.logicalId} (${resource.type}) failed: ${reason}`);
}

function readState(file: string | undefined): State {
  const text = file === undefined ? undefined : readPrivateFile(file);
  return text === undefined ? {} : stateSchema.parse(JSON.parse(text));
}
