import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthorizer } from '../../../local/permissions/authorizer.ts';
import { generateSecret } from '../../../local/secrets/generated-password.ts';
import { createSecretService } from '../../../local/secrets/secret-service.ts';
import { openSecretStore, type SecretStore } from '../../../local/secrets/secret-store.ts';
import { type ServiceBench, startServiceBench, type TemporaryFolder, temporaryFolder } from '../service-bench.ts';

const DATABASE = {
  name: 'TidegateDatabaseSecret',
  source: {
    generate: {
      SecretStringTemplate: '{"username":"tidegate","engine":"postgres"}',
      GenerateStringKey: 'password',
      PasswordLength: 30,
      ExcludeCharacters: ' %+~`#$&*()|[]{}:;<>?!\'/@"\\',
    },
  },
};

describe('Secrets Manager', () => {
  let folder: TemporaryFolder;
  let bench: ServiceBench;
  let store: SecretStore;
  let client: SecretsManagerClient;

  const start = async () => {
    store = openSecretStore(folder.path, [DATABASE, { name: 'plain', source: { text: 'given' } }]);
    const reads = {
      Effect: 'Allow',
      Action: 'secretsmanager:Get*',
      Resource: `${arnOf('plain').slice(0, -7)}-??????`,
    } as const;
    const authorizer = createAuthorizer({ roles: new Map([['Fn', [{ Statement: reads }]]]) });
    bench = await startServiceBench([createSecretService(store)], authorizer);
    client = new SecretsManagerClient(bench.client('secretsmanager'));
  };
  const arnOf = (name: string): string => store.find(name)?.arn ?? '';
  const read = (SecretId: string, VersionStage = 'AWSCURRENT') =>
    client.send(new GetSecretValueCommand({ SecretId, VersionStage }));

  beforeEach(async () => {
    folder = temporaryFolder();
    await start();
  });
  afterEach(async () => {
    client.destroy();
    await bench.close();
    folder.remove();
  });

  it('merges the generated password into the template', async () => {
    const { SecretString, ARN } = await read(DATABASE.name);
    expect(JSON.parse(SecretString ?? '')).toEqual({
      username: 'tidegate',
      engine: 'postgres',
      password: expect.stringMatching(/^[A-Za-z0-9,.=^_-]{30}$/),
    });
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:TidegateDatabaseSecret-[A-Za-z0-9]{6}$/);
  });

  it('finds a secret by name, ARN and ARN without its suffix', async () => {
    const arn = arnOf('plain');
    for (const id of ['plain', arn, arn.slice(0, -7)]) expect((await read(id)).SecretString).toBe('given');
    await expect(read('none')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(read(`${arn.slice(0, -6)}aaaaaa`)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('keeps value and ARN over a restart, for the owner alone', async () => {
    const before = await read(DATABASE.name);
    await bench.close();
    await start();
    const after = await read(DATABASE.name);
    expect([after.SecretString, after.ARN]).toEqual([before.SecretString, before.ARN]);
    for (const file of readdirSync(folder.path)) expect(statSync(join(folder.path, file)).mode & 0o777).toBe(0o600);
  });

  it('never replaces a damaged secret', () => {
    writeFileSync(join(folder.path, 'plain.json'), '{');
    expect(() => openSecretStore(folder.path, [{ name: 'plain', source: { text: 'given' } }])).toThrow();
  });

  it('puts a new value and keeps the previous one', async () => {
    const token = 'a'.repeat(32);
    const put = (SecretString: string) =>
      client.send(new PutSecretValueCommand({ SecretId: 'plain', SecretString, ClientRequestToken: token }));
    await put('newer');
    await put('newer');
    expect((await read('plain')).SecretString).toBe('newer');
    expect((await read('plain', 'AWSPREVIOUS')).SecretString).toBe('given');
    await expect(put('other')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    const described = await client.send(new DescribeSecretCommand({ SecretId: 'plain' }));
    expect(described.VersionIdsToStages?.[token]).toEqual(['AWSCURRENT']);
    expect(
      Object.values(described.VersionIdsToStages ?? {})
        .flat()
        .sort(),
    ).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });

  it('asks the role of the caller', async () => {
    const asFunction = new SecretsManagerClient(bench.client('secretsmanager', 'Fn'));
    await asFunction.send(new GetSecretValueCommand({ SecretId: 'plain' }));
    const other = asFunction.send(new GetSecretValueCommand({ SecretId: DATABASE.name }));
    await expect(other).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('generateSecret', () => {
  it('has each kind of character, at the default length', () => {
    for (let round = 0; round < 50; round += 1) {
      const password = generateSecret({});
      expect(password).toHaveLength(32);
      for (const kind of [/[A-Z]/, /[a-z]/, /\d/, /[^A-Za-z0-9]/]) expect(password).toMatch(kind);
    }
  });

  it('leaves out what is excluded', () => {
    const password = generateSecret({ ExcludePunctuation: true, ExcludeUppercase: true, PasswordLength: 500 });
    expect(password).toMatch(/^[a-z0-9]{500}$/);
  });

  it('refuses options that cannot be met', () => {
    expect(() => generateSecret({ PasswordLength: 2 })).toThrow(/no password fits/);
    expect(() => generateSecret({ GenerateStringKey: 'password' })).toThrow(/go together/);
    expect(() => generateSecret({ SecretStringTemplate: '[]', GenerateStringKey: 'p' })).toThrow();
  });
});
