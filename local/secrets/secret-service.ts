/** Secrets Manager, as far as stacks and functions use it. Source: AWS Secrets Manager API Reference. */
import { z } from 'zod';
import { createJsonService, operation } from '../services/json-operations.ts';
import { type LocalService, ServiceError, type ServiceRequest } from '../services/service.ts';
import type { SecretStore, SecretVersion, StoredSecret } from './secret-store.ts';

const SecretId = z.string().min(1);
const getInput = z.object({ SecretId, VersionId: z.string().optional(), VersionStage: z.string().optional() });
const putInput = z.object({
  SecretId,
  SecretString: z.string().min(1).max(65_536),
  ClientRequestToken: z.string().min(32).max(64).optional(),
});

export function createSecretService(store: SecretStore): LocalService {
  const findFor = (action: string, secretId: string, request: ServiceRequest): StoredSecret => {
    const secret = store.find(secretId);
    if (secret === undefined) throw notFound('secret');
    request.authorize(action, secret.arn);
    return secret;
  };
  return createJsonService({
    name: 'secretsmanager',
    target: 'secretsmanager',
    operations: {
      GetSecretValue: operation(getInput, (input, request) => {
        const secret = findFor('secretsmanager:GetSecretValue', input.SecretId, request);
        const { version, stage } = findVersion(secret, input);
        return {
          ARN: secret.arn,
          Name: secret.name,
          VersionId: version.id,
          SecretString: version.value,
          VersionStages: [stage],
          CreatedDate: seconds(version.createdAt),
        };
      }),
      DescribeSecret: operation(z.object({ SecretId }), (input, request) => {
        const secret = findFor('secretsmanager:DescribeSecret', input.SecretId, request);
        return {
          ARN: secret.arn,
          Name: secret.name,
          Description: secret.description,
          LastChangedDate: seconds(secret.current.createdAt),
          VersionIdsToStages: Object.fromEntries(versionsOf(secret).map(({ version, stage }) => [version.id, [stage]])),
        };
      }),
      PutSecretValue: operation(putInput, (input, request) => {
        const secret = findFor('secretsmanager:PutSecretValue', input.SecretId, request);
        const { current } = isRepeat(secret.current, input)
          ? secret
          : store.put(secret, input.SecretString, input.ClientRequestToken);
        return { ARN: secret.arn, Name: secret.name, VersionId: current.id, VersionStages: [CURRENT] };
      }),
    },
  });
}

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

interface StagedVersion {
  readonly version: SecretVersion;
  readonly stage: string;
}

function versionsOf(secret: StoredSecret): StagedVersion[] {
  const current = { version: secret.current, stage: CURRENT };
  return secret.previous === undefined ? [current] : [current, { version: secret.previous, stage: PREVIOUS }];
}

function findVersion(secret: StoredSecret, input: z.output<typeof getInput>): StagedVersion {
  const stage = input.VersionStage ?? (input.VersionId === undefined ? CURRENT : undefined);
  const found = versionsOf(secret).find(
    (candidate) =>
      (stage === undefined || candidate.stage === stage) &&
      (input.VersionId === undefined || candidate.version.id === input.VersionId),
  );
  if (found === undefined) throw notFound('secret value');
  return found;
}

// The token makes a retried call the same call: "if the version's values are the same, the operation succeeds".
function isRepeat(current: SecretVersion, input: z.output<typeof putInput>): boolean {
  if (current.id !== input.ClientRequestToken) return false;
  if (current.value === input.SecretString) return true;
  throw new ServiceError('ResourceExistsException', 'this version exists already with another value');
}

function notFound(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}.`);
}

function seconds(isoTime: string): number {
  return Date.parse(isoTime) / 1000;
}
