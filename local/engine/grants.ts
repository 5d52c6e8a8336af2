/** Roles and resource policies of a stack, ready to be asked; and the questions that AWS asks on a deploy. */
import { createAuthorizer, type PolicyAuthorizer } from '../permissions/authorizer.ts';
import type { PolicyDocument } from '../permissions/policy-document.ts';
import { ServiceError } from '../services/service.ts';
import type { StackModel } from '../template/stack-model.ts';
import { EngineError } from './engine-error.ts';

/** Functions are principals by their logical id, other roles by their name. */
export function createStackAuthorizer(model: StackModel): PolicyAuthorizer {
  const roles = new Map<string, readonly PolicyDocument[]>(model.rolePolicies);
  for (const { logicalId, roleName } of model.functions) roles.set(logicalId, model.rolePolicies.get(roleName) ?? []);
  return createAuthorizer({ roles, resourcePolicies: model.resourcePolicies });
}

// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS", execution role permissions.
const POLLER_ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

/**
 * What CloudFormation would find out: Lambda refuses a mapping whose function may not read the queue, and a schedule
 * whose role may not invoke its target never runs.
 * @throws EngineError GRANT_MISSING naming the resource.
 */
export function checkGrants(model: StackModel, authorizer: PolicyAuthorizer): void {
  for (const { logicalId, functionId, queueArn } of model.mappings) {
    for (const action of POLLER_ACTIONS) require(authorizer, logicalId, [functionId, action, queueArn]);
  }
  for (const { logicalId, roleName, functionArn } of model.schedules) {
    require(authorizer, logicalId, [roleName, 'lambda:InvokeFunction', functionArn]);
  }
}

function require(authorizer: PolicyAuthorizer, logicalId: string, asked: [string, string, string]): void {
  try {
    authorizer(...asked);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new EngineError('GRANT_MISSING', `${logicalId} would fail to deploy: ${error.message}`, { cause: error });
  }
}
