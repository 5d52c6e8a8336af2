import { z } from 'zod';
import { mappingArn, mappingUuid } from '../../mappings/mapping-definition.ts';
import { lambdaPermissionPolicy } from '../../permissions/lambda-permission.ts';
import { queueNameOfArn } from '../../queues/queue-properties.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../services/service.ts';
import type { ResourceBody, ResourceRequest } from '../provision.ts';
import { addPolicies, type FunctionModel, type StackModel } from '../stack-model.ts';
import { TemplateError } from '../template.ts';
import { physicalName, readProperties, truth, wholeNumber } from './properties.ts';
import { roleNameOfArn } from './roles.ts';

// Source: Lambda API Reference, CreateFunction, FunctionName.
const LONGEST_NAME = 64;

const functionSchema = z.object({
  FunctionName: z.string().optional(),
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string().regex(/^[^.]+(\.[^.]+)+$/, 'must be file.export'),
  Runtime: z.string().regex(/^nodejs/, 'only Node.js functions run here'),
  Role: z.string(),
  // Defaults of CreateFunction.
  Timeout: wholeNumber.default(3),
  MemorySize: wholeNumber.default(128),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()).default({}) }).optional(),
});

const mappingSchema = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: wholeNumber.min(1).max(10_000).default(10),
  MaximumBatchingWindowInSeconds: wholeNumber.min(0).max(300).default(0),
  Enabled: truth.default(true),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  ScalingConfig: z.object({ MaximumConcurrency: wholeNumber.min(2).max(1_000) }).optional(),
  FilterCriteria: z.undefined({ error: 'filters are not known here' }).optional(),
});

const permissionSchema = z.object({
  FunctionName: z.string(),
  Action: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
  FunctionUrlAuthType: z.string().optional(),
});

// Without a limit Lambda starts with 5 and may grow to 1,250; one machine has no use for that many.
const UNLIMITED_CONCURRENCY = 50;

export function functionBodies(model: StackModel): Record<string, ResourceBody> {
  return {
    'AWS::Lambda::Function': (request) => {
      const made = toFunction(request);
      model.functions.push(made);
      return { ref: made.functionName, attributes: { Arn: made.arn } };
    },
    'AWS::Lambda::EventSourceMapping': (request) => {
      const mapping = toMapping(model, request);
      model.mappings.push(mapping);
      return { ref: mapping.uuid, attributes: { Id: mapping.uuid, EventSourceMappingArn: mappingArn(mapping.uuid) } };
    },
    'AWS::Lambda::Permission': (request) => {
      const { FunctionName, ...permission } = readProperties(request, permissionSchema);
      const { arn } = findFunction(model, request, FunctionName);
      const given = Object.fromEntries(Object.entries(permission).filter(([, value]) => value !== undefined));
      addPolicies(model.resourcePolicies, arn, [lambdaPermissionPolicy(arn, given as typeof given & Given)]);
      return { ref: request.logicalId };
    },
  };
}

interface Given {
  readonly Action: string;
  readonly Principal: string;
}

function toFunction(request: ResourceRequest): FunctionModel {
  const properties = readProperties(request, functionSchema);
  const functionName = properties.FunctionName ?? physicalName(request, LONGEST_NAME);
  return {
    logicalId: request.logicalId,
    functionName,
    arn: `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:function:${functionName}`,
    codeKey: properties.Code.S3Key,
    handler: properties.Handler,
    environment: properties.Environment?.Variables ?? {},
    timeoutSeconds: properties.Timeout,
    memoryMb: properties.MemorySize,
    roleName: roleNameOfArn(properties.Role),
  };
}

function toMapping(model: StackModel, request: ResourceRequest): StackModel['mappings'][number] {
  const properties = readProperties(request, mappingSchema);
  const queueName = queueNameOfArn(properties.EventSourceArn);
  if (queueName === undefined) throw new TemplateError(`${request.logicalId}: its event source is no queue`);
  if (properties.BatchSize > 10 && properties.MaximumBatchingWindowInSeconds < 1) {
    // Lambda refuses it too. Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
    throw new TemplateError(`${request.logicalId}: a batch size over 10 needs a batching window of at least 1 s`);
  }
  const target = findFunction(model, request, properties.FunctionName);
  return {
    logicalId: request.logicalId,
    uuid: mappingUuid(request.stackName, request.logicalId),
    queueName,
    queueArn: properties.EventSourceArn,
    functionId: target.logicalId,
    functionArn: target.arn,
    batchSize: properties.BatchSize,
    batchingWindowSeconds: properties.MaximumBatchingWindowInSeconds,
    maxConcurrency: properties.ScalingConfig?.MaximumConcurrency ?? UNLIMITED_CONCURRENCY,
    reportsItemFailures: properties.FunctionResponseTypes.length > 0,
    isEnabledInTemplate: properties.Enabled,
  };
}

/** @param name a function's name or ARN. */
export function findFunction(model: StackModel, request: ResourceRequest, name: string): FunctionModel {
  const found = model.functions.find(({ functionName, arn }) => functionName === name || arn === name);
  if (found === undefined) throw new TemplateError(`${request.logicalId}: no function ${name} in the template`);
  return found;
}
