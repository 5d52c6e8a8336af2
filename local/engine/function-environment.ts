/** The environment that Lambda would give a function, with the SDK pointed at this machine. */
import { LOCAL_REGION } from '../services/service.ts';
import type { FunctionModel } from '../template/stack-model.ts';

export interface EnvironmentProps {
  readonly servicesUrl: string;
  readonly isEgressPublic: boolean;
}

/** Source: AWS SDKs Reference Guide, "Service-specific endpoints". */
const ENDPOINTS: Readonly<Record<string, string>> = {
  SQS: 'sqs',
  EVENTBRIDGE: 'events',
  KMS: 'kms',
  S3: 's3',
  SECRETS_MANAGER: 'secretsmanager',
  LAMBDA: 'lambda',
  RDS: 'rds',
  RDS_DATA: 'rds-data',
};

export function functionEnvironment(
  { logicalId, functionName, memoryMb, handler, environment }: FunctionModel,
  { servicesUrl, isEgressPublic }: EnvironmentProps,
): Record<string, string> {
  const endpoints = Object.entries(ENDPOINTS).map(([id, name]) => [`AWS_ENDPOINT_URL_${id}`, `${servicesUrl}/${name}`]);
  return {
    ...environment,
    ...Object.fromEntries(endpoints),
    ...(!isEgressPublic && { TIDEGATE_EGRESS: 'loopback-allowed' }),
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    // Names the principal; nothing here verifies a signature.
    AWS_ACCESS_KEY_ID: logicalId,
    AWS_SECRET_ACCESS_KEY: 'local',
    // The machine's own profiles, endpoints and roles must not leak in.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    _HANDLER: handler,
    TZ: ':UTC',
  };
}
