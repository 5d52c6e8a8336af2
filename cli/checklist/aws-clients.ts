import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientOptions } from '../../lambdas/adapters/sdk/client-options.ts';
import type { Target } from '../target.ts';

/** The AWS services that the checklist asks, in the caller's account or on this machine. */
export interface AwsClients {
  readonly events: EventBridgeClient;
  readonly kms: KMSClient;
  readonly lambda: LambdaClient;
  readonly rdsData: RDSDataClient;
  readonly s3: S3Client;
  readonly secretsManager: SecretsManagerClient;
  readonly sqs: SQSClient;
  close(): void;
}

const LIMITS = clientOptions({ requestTimeoutMs: 10_000, maxAttempts: 2, maxSockets: 10 });

// The Data API ends a statement after 45 s (AuroraUserGuide, data-api.limitations); repeating is the database's matter.
const DATA_API_LIMITS = clientOptions({ requestTimeoutMs: 46_000, maxAttempts: 1, maxSockets: 10 });

export function createAwsClients({ client }: Target): AwsClients {
  const clients = {
    events: new EventBridgeClient({ ...LIMITS, ...client('events') }),
    kms: new KMSClient({ ...LIMITS, ...client('kms') }),
    lambda: new LambdaClient({ ...LIMITS, ...client('lambda') }),
    rdsData: new RDSDataClient({ ...DATA_API_LIMITS, ...client('rdsData') }),
    s3: new S3Client({ ...LIMITS, ...client('s3'), forcePathStyle: true }),
    secretsManager: new SecretsManagerClient({ ...LIMITS, ...client('secretsManager') }),
    sqs: new SQSClient({ ...LIMITS, ...client('sqs') }),
  };
  return {
    ...clients,
    close: () => {
      for (const each of Object.values(clients)) each.destroy();
    },
  };
}
