/** KMS, as far as symmetric keys go. Source: AWS KMS API Reference. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createJsonService, operation } from '../services/json-operations.ts';
import {
  LOCAL_ACCOUNT,
  LOCAL_REGION,
  type LocalService,
  ServiceError,
  type ServiceRequest,
} from '../services/service.ts';
import { createKeyStore, type StoredKey } from './key-store.ts';
import { type EncryptionContext, open, readHeader, seal } from './sealed-text.ts';

export interface KeyDefinition {
  /** Letters, digits and dashes; the file's name too. */
  readonly keyId: string;
  /** With their prefix: `alias/tidegate`. */
  readonly aliases?: readonly string[];
  readonly description?: string;
  /** Told to who asks; nothing here rotates by the clock. @default false */
  readonly isRotationEnabled?: boolean;
}

export interface KeyServiceProps {
  /** Where the key files live; made with mode 0700. */
  readonly folder: string;
  readonly keys: readonly KeyDefinition[];
}

export const keyArn = (keyId: string): string => `arn:aws:kms:${LOCAL_REGION}:${LOCAL_ACCOUNT}:key/${keyId}`;

// "Maximum 4096 bytes" (Encrypt), "between 1 and 1024" (GenerateDataKey, GenerateRandom): AWS KMS API Reference.
const bytes = (most: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((value) => value.length >= 1 && value.length <= most, { error: `must have 1 to ${most} bytes` });
const count = z.int().min(1).max(1024);
const contextInput = z.record(z.string(), z.string()).default({});
const KeyId = z.string().min(1);
const dataKeyInput = z
  .object({
    KeyId,
    EncryptionContext: contextInput,
    KeySpec: z.enum(['AES_256', 'AES_128']).optional(),
    NumberOfBytes: count.optional(),
  })
  .refine((input) => (input.KeySpec === undefined) !== (input.NumberOfBytes === undefined), {
    error: 'give either KeySpec or NumberOfBytes',
  });

interface FoundKey {
  readonly definition: KeyDefinition;
  readonly arn: string;
  readonly stored: StoredKey;
}

export function createKeyService(props: KeyServiceProps): LocalService {
  const store = createKeyStore(props.folder);
  const byName = new Map(props.keys.flatMap((key) => namesOf(key).map((name) => [name, key] as const)));

  const find = (name: string): FoundKey => {
    const definition = byName.get(name);
    if (definition === undefined) throw new ServiceError('NotFoundException', `Key '${name}' does not exist`, 400);
    return { definition, arn: keyArn(definition.keyId), stored: store.get(definition.keyId) };
  };
  const findFor = (action: string, name: string, request: ServiceRequest): FoundKey => {
    const found = find(name);
    request.authorize(action, found.arn);
    return found;
  };
  const sealed = (found: FoundKey, plaintext: Buffer, context: EncryptionContext): string =>
    seal({ keyId: found.definition.keyId, key: found.stored, plaintext, context }).toString('base64');
  const dataKey = (input: z.output<typeof dataKeyInput>, found: FoundKey) => {
    const plaintext = randomBytes(input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32));
    return { plaintext, CiphertextBlob: sealed(found, plaintext, input.EncryptionContext), KeyId: found.arn };
  };

  return createJsonService({
    name: 'kms',
    target: 'TrentService',
    operations: {
      Encrypt: operation(
        z.object({ KeyId, EncryptionContext: contextInput, Plaintext: bytes(4096) }),
        (input, request) => {
          const found = findFor('kms:Encrypt', input.KeyId, request);
          return {
            CiphertextBlob: sealed(found, input.Plaintext, input.EncryptionContext),
            KeyId: found.arn,
            EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          };
        },
      ),
      Decrypt: operation(
        z.object({ KeyId: KeyId.optional(), EncryptionContext: contextInput, CiphertextBlob: bytes(6144) }),
        (input, request) => {
          const keyId = readHeader(input.CiphertextBlob)?.keyId;
          if (keyId === undefined || !byName.has(keyId)) throw invalidCiphertext();
          const found = findFor('kms:Decrypt', keyId, request);
          if (input.KeyId !== undefined && find(input.KeyId).arn !== found.arn) {
            throw new ServiceError(
              'IncorrectKeyException',
              'The key ID in the request does not identify the key that sealed this',
            );
          }
          const plaintext = open(input.CiphertextBlob, found.stored, input.EncryptionContext);
          if (plaintext === undefined) throw invalidCiphertext();
          return {
            Plaintext: plaintext.toString('base64'),
            KeyId: found.arn,
            EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          };
        },
      ),
      GenerateDataKey: operation(dataKeyInput, (input, request) => {
        const { plaintext, ...rest } = dataKey(input, findFor('kms:GenerateDataKey', input.KeyId, request));
        return { ...rest, Plaintext: plaintext.toString('base64') };
      }),
      GenerateDataKeyWithoutPlaintext: operation(dataKeyInput, (input, request) => {
        const { plaintext: _, ...rest } = dataKey(
          input,
          findFor('kms:GenerateDataKeyWithoutPlaintext', input.KeyId, request),
        );
        return rest;
      }),
      GenerateRandom: operation(z.object({ NumberOfBytes: count }), (input, request) => {
        request.authorize('kms:GenerateRandom', '*');
        return { Plaintext: randomBytes(input.NumberOfBytes).toString('base64') };
      }),
      DescribeKey: operation(z.object({ KeyId }), (input, request) => ({
        KeyMetadata: metadata(findFor('kms:DescribeKey', input.KeyId, request)),
      })),
      GetKeyRotationStatus: operation(z.object({ KeyId }), (input, request) => {
        const { definition, arn } = findFor('kms:GetKeyRotationStatus', input.KeyId, request);
        return { KeyId: arn, KeyRotationEnabled: definition.isRotationEnabled ?? false };
      }),
      RotateKeyOnDemand: operation(z.object({ KeyId }), (input, request) => {
        const found = findFor('kms:RotateKeyOnDemand', input.KeyId, request);
        store.rotate(found.definition.keyId);
        return { KeyId: found.arn };
      }),
    },
  });
}

/** A key is addressed by id, ARN, alias or alias ARN. */
function namesOf(key: KeyDefinition): string[] {
  const aliases = (key.aliases ?? []).flatMap((alias) => [
    alias,
    `arn:aws:kms:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${alias}`,
  ]);
  return [key.keyId, keyArn(key.keyId), ...aliases];
}

function metadata(found: FoundKey): Readonly<Record<string, unknown>> {
  return {
    AWSAccountId: LOCAL_ACCOUNT,
    KeyId: found.definition.keyId,
    Arn: found.arn,
    CreationDate: found.stored.createdAt.getTime() / 1000,
    Enabled: true,
    Description: found.definition.description ?? '',
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  };
}

function invalidCiphertext(): ServiceError {
  return new ServiceError(
    'InvalidCiphertextException',
    'the ciphertext or the encryption context is not what was sealed',
  );
}
