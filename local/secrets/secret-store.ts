/** Secrets in 0600 files, one a secret: made once, the same after every start. */
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';
import { type GenerateSecretString, generateSecret } from './generated-password.ts';

const versionFile = z.object({ id: z.string(), value: z.string(), createdAt: z.iso.datetime() });
const secretFile = z.object({
  name: z.string(),
  arn: z.string(),
  description: z.string(),
  current: versionFile,
  previous: versionFile.optional(),
});

export type StoredSecret = Readonly<z.output<typeof secretFile>>;
export type SecretVersion = StoredSecret['current'];

export interface SecretDefinition {
  readonly name: string;
  readonly description?: string;
  /** The text itself, or how to make one on first use. */
  readonly source: { readonly text: string } | { readonly generate: GenerateSecretString };
}

export interface SecretStore {
  /** Every secret that was defined, made if need be. */
  readonly secrets: readonly StoredSecret[];
  /** By name, full ARN, or ARN without the six characters. */
  find(secretId: string): StoredSecret | undefined;
  /** Makes `value` current; what was current stays as the previous one. */
  put(secret: StoredSecret, value: string, versionId?: string): StoredSecret;
}

/** @throws Error when a file is damaged: a secret that others already use is never replaced. */
export function openSecretStore(folder: string, definitions: readonly SecretDefinition[]): SecretStore {
  const byName = new Map<string, StoredSecret>();
  const pathOf = (name: string) => join(folder, `${encodeURIComponent(name)}.json`);
  const save = (secret: StoredSecret): StoredSecret => {
    writePrivateFile(pathOf(secret.name), JSON.stringify(secret));
    byName.set(secret.name, secret);
    return secret;
  };
  for (const definition of definitions) {
    const text = readPrivateFile(pathOf(definition.name));
    if (text === undefined) save(newSecret(definition));
    else byName.set(definition.name, secretFile.parse(JSON.parse(text)));
  }
  return {
    get secrets() {
      return [...byName.values()];
    },
    find: (secretId) => byName.get(nameIn(secretId)),
    put: (secret, value, versionId) =>
      save({ ...secret, previous: secret.current, current: newVersion(value, versionId) }),
  };

  function nameIn(secretId: string): string {
    if (!secretId.startsWith('arn:')) return secretId;
    const found = [...byName.values()].find(
      (secret) => secret.arn === secretId || secret.arn.slice(0, -SUFFIX_LENGTH - 1) === secretId,
    );
    return found?.name ?? '';
  }
}

const SUFFIX_LENGTH = 6;
const SUFFIX_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function newSecret(definition: SecretDefinition): StoredSecret {
  const { source } = definition;
  // Secrets Manager adds "a hyphen and six random characters", so that a secret made anew has another ARN.
  const suffix = [...randomBytes(SUFFIX_LENGTH)].map((byte) => SUFFIX_CHARACTERS[byte % SUFFIX_CHARACTERS.length]);
  return {
    name: definition.name,
    arn: `arn:aws:secretsmanager:${LOCAL_REGION}:${LOCAL_ACCOUNT}:secret:${definition.name}-${suffix.join('')}`,
    description: definition.description ?? '',
    current: newVersion('text' in source ? source.text : generateSecret(source.generate)),
  };
}

function newVersion(value: string, id: string = randomUUID()): SecretVersion {
  return { id, value, createdAt: new Date().toISOString() };
}
