import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createKeyService, keyArn } from '../../../local/keys/key-service.ts';
import { createAuthorizer } from '../../../local/permissions/authorizer.ts';
import { type ServiceBench, startServiceBench, type TemporaryFolder, temporaryFolder } from '../service-bench.ts';

const KEY = '1111-aaaa';
const OTHER = '2222-bbbb';
const context = { account: 'acme', purpose: 'webhooks' };
const text = Buffer.from('a secret');

describe('KMS', () => {
  let folder: TemporaryFolder;
  let bench: ServiceBench;
  let kms: KMSClient;

  const start = async () => {
    const service = createKeyService({
      folder: folder.path,
      keys: [
        { keyId: KEY, aliases: ['alias/tidegate'], description: 'envelope', isRotationEnabled: true },
        { keyId: OTHER },
      ],
    });
    const authorizer = createAuthorizer({
      roles: new Map([
        ['ReaderFn', [{ Statement: { Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn(KEY) } }]],
      ]),
    });
    bench = await startServiceBench([service], authorizer);
    kms = new KMSClient(bench.client('kms'));
  };
  const encrypt = async (encryptionContext = context) => {
    const answer = await kms.send(
      new EncryptCommand({ KeyId: KEY, Plaintext: text, EncryptionContext: encryptionContext }),
    );
    return answer.CiphertextBlob ?? new Uint8Array();
  };
  const decrypt = async (CiphertextBlob: Uint8Array, EncryptionContext?: Record<string, string>) => {
    const answer = await kms.send(
      new DecryptCommand({ CiphertextBlob, ...(EncryptionContext && { EncryptionContext }) }),
    );
    return Buffer.from(answer.Plaintext ?? []);
  };

  beforeEach(async () => {
    folder = temporaryFolder();
    await start();
  });
  afterEach(async () => {
    kms.destroy();
    await bench.close();
    folder.remove();
  });

  it('opens what it sealed, with the same context in any order', async () => {
    const sealed = await encrypt();
    expect(await decrypt(sealed, { purpose: 'webhooks', account: 'acme' })).toEqual(text);
    expect(Buffer.from(sealed).includes(text)).toBe(false);
  });

  it.each([
    ['no context', undefined],
    ['another value', { account: 'other', purpose: 'webhooks' }],
    ['one pair less', { account: 'acme' }],
    ['one pair more', { ...context, more: '1' }],
  ])('refuses %s', async (_, wrong) => {
    await expect(decrypt(await encrypt(), wrong)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  });

  it('tells whether a key rotates', async () => {
    const isRotated = async (KeyId: string) =>
      (await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled;
    expect(await Promise.all([KEY, OTHER].map(isRotated))).toEqual([true, false]);
  });

  it('refuses any changed byte', async () => {
    const sealed = Buffer.from(await encrypt());
    for (const position of [0, 3, sealed.length - 30, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[position] = (changed[position] ?? 0) ^ 1;
      await expect(decrypt(changed, context)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    }
    await expect(decrypt(Buffer.from('nonsense'), context)).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  it('makes data keys that open to their plain form', async () => {
    const key = await kms.send(
      new GenerateDataKeyCommand({ KeyId: 'alias/tidegate', KeySpec: 'AES_256', EncryptionContext: context }),
    );
    expect(key.KeyId).toBe(keyArn(KEY));
    expect(key.Plaintext).toHaveLength(32);
    expect(await decrypt(key.CiphertextBlob ?? new Uint8Array(), context)).toEqual(Buffer.from(key.Plaintext ?? []));
    const sealedOnly = await kms.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId: keyArn(KEY), NumberOfBytes: 64 }),
    );
    expect(sealedOnly).not.toHaveProperty('Plaintext');
    expect(await decrypt(sealedOnly.CiphertextBlob ?? new Uint8Array())).toHaveLength(64);
  });

  it('opens old texts after a rotation and a restart', async () => {
    const before = await encrypt();
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: KEY }));
    const after = await encrypt();
    await bench.close();
    await start();
    expect(await decrypt(before, context)).toEqual(text);
    expect(await decrypt(after, context)).toEqual(text);
    const stored = JSON.parse(readFileSync(join(folder.path, `${KEY}.json`), 'utf8')) as { versions: string[] };
    expect(new Set(stored.versions).size).toBe(2);
  });

  it('keeps keys for their owner alone and never replaces a damaged one', async () => {
    await encrypt();
    const path = join(folder.path, `${KEY}.json`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual([`${KEY}.json`]);
    writeFileSync(path, '{"versions":');
    await bench.close();
    await start();
    await expect(encrypt()).rejects.toMatchObject({ name: 'InternalFailure' });
    expect(bench.unexpected).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe('{"versions":');
  });

  it('describes a key', async () => {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: KEY }));
    expect(KeyMetadata).toMatchObject({
      Arn: keyArn(KEY),
      Enabled: true,
      KeyState: 'Enabled',
      Description: 'envelope',
    });
    expect(KeyMetadata?.CreationDate?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('makes random bytes', async () => {
    const { Plaintext } = await kms.send(new GenerateRandomCommand({ NumberOfBytes: 40 }));
    expect(Plaintext).toHaveLength(40);
  });

  it('refuses what AWS refuses', async () => {
    const nameOf = (error: Error) => error.name;
    expect(await kms.send(new EncryptCommand({ KeyId: 'none', Plaintext: text })).catch(nameOf)).toBe(
      'NotFoundException',
    );
    expect(await kms.send(new EncryptCommand({ KeyId: KEY, Plaintext: Buffer.alloc(4097) })).catch(nameOf)).toBe(
      'ValidationException',
    );
    expect(await kms.send(new GenerateDataKeyCommand({ KeyId: KEY })).catch(nameOf)).toBe('ValidationException');
    expect(await kms.send(new GenerateRandomCommand({ NumberOfBytes: 1025 })).catch(nameOf)).toBe(
      'ValidationException',
    );
    const misnamed = new DecryptCommand({ CiphertextBlob: await encrypt(), EncryptionContext: context, KeyId: OTHER });
    expect(await kms.send(misnamed).catch(nameOf)).toBe('IncorrectKeyException');
  });

  it('asks the role of the caller', async () => {
    const sealed = await encrypt();
    const reader = new KMSClient(bench.client('kms', 'ReaderFn'));
    await reader.send(new DecryptCommand({ CiphertextBlob: sealed, EncryptionContext: context }));
    await expect(reader.send(new EncryptCommand({ KeyId: KEY, Plaintext: text }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('kms:Encrypt'),
    });
  });
});
