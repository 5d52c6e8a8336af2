import { CloudFormationClient, DescribeStackResourceCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { clientOptions } from '../../lambdas/adapters/sdk/client-options.ts';
import { settingsSchema } from '../../lambdas/domain/configuration/settings.ts';
import { type Target, TargetError } from '../target.ts';

/** How the stack was really deployed; the context of this checkout may say something else by now. */
export interface DeployedConfiguration {
  readonly stage: string;
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  readonly accountClaim: string;
  /** The newest migration of the deployed build. */
  readonly schemaHead: string;
  readonly eventSourceMappingIds: readonly string[];
}

/** The function whose variables hold all of it: it answers `/ready`. */
const HEALTH = 'Health';

const variablesSchema = z.object({
  SETTINGS: z.string(),
  JWT_ISSUER: z.string(),
  SCHEMA_HEAD: z.string(),
  EVENT_SOURCE_MAPPING_IDS: z.string(),
});
const fromSettings = settingsSchema.pick({ stage: true, jwtAudience: true, accountClaim: true });

/**
 * Reads it from the variables of the deployed Health function.
 * @throws TargetError when it cannot be read: then nothing could be checked.
 */
export async function readDeployedConfiguration(target: Target, lambda: LambdaClient): Promise<DeployedConfiguration> {
  try {
    const FunctionName = target.kind === 'stack' ? await physicalId(target.name, HEALTH) : HEALTH;
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const variables = variablesSchema.parse(Environment?.Variables);
    return {
      ...fromSettings.parse(JSON.parse(variables.SETTINGS)),
      jwtIssuer: variables.JWT_ISSUER,
      schemaHead: variables.SCHEMA_HEAD,
      eventSourceMappingIds: variables.EVENT_SOURCE_MAPPING_IDS.split(','),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new TargetError(`the configuration of ${target.name} could not be read from its Health function: ${reason}`, {
      cause,
    });
  }
}

async function physicalId(stack: string, logicalId: string): Promise<string> {
  const client = new CloudFormationClient(clientOptions({ requestTimeoutMs: 10_000, maxAttempts: 2, maxSockets: 1 }));
  try {
    const command = new DescribeStackResourceCommand({ StackName: stack, LogicalResourceId: logicalId });
    const { StackResourceDetail } = await client.send(command);
    if (StackResourceDetail?.PhysicalResourceId === undefined) throw new Error(`${stack} has no ${logicalId}`);
    return StackResourceDetail.PhysicalResourceId;
  } finally {
    client.destroy();
  }
}
