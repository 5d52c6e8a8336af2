import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';

const loginSchema = z.object({ username: z.string(), password: z.string() });

/** `hook_svc`'s secret does not hold what a login secret has to hold. Says what is wrong, never what is in it. */
export class ServiceSecretError extends Error {
  readonly code = 'INVALID_SERVICE_SECRET';
}

/** @throws ServiceSecretError; the service's own errors. */
export async function readServicePassword(client: SecretsManagerClient, secretArn: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
  const login = loginSchema.safeParse(parseJson(SecretString));
  if (!login.success) throw new ServiceSecretError(`${secretArn} is not JSON with username and password`);
  if (login.data.username !== 'hook_svc')
    throw new ServiceSecretError(`${secretArn} is the login of another user than hook_svc`);
  return login.data.password;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
