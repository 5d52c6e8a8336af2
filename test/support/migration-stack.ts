/** What the Migrate function and `tidegate migrate` find around them: an empty database, its two secrets, a bucket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineFile, writeEngineFile } from '../../local/engine/engine-file.ts';
import { openObjectStore } from '../../local/objects/object-store.ts';
import { S3Service } from '../../local/objects/s3-service.ts';
import { createSecretService } from '../../local/secrets/secret-service.ts';
import { openSecretStore } from '../../local/secrets/secret-store.ts';
import { createFaults, type Faults } from '../../local/services/faults.ts';
import { startServiceServer } from '../../local/services/server.ts';
import { startTestDatabase, type TestDatabase } from './database.ts';

export interface MigrationStack {
  readonly server: TestDatabase;
  /** Of the bucket's server, to take S3 down. */
  readonly faults: Faults;
  /** Of the Migrate function. */
  readonly environment: Readonly<Record<string, string>>;
  /** Holds `engine.json`, as of a running engine. */
  readonly dataFolder: string;
  /** Writes `engine.json` with changes. */
  writeEngine(changes?: Partial<EngineFile>): void;
  /** The text of an object of the control bucket. */
  readControlObject(key: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

const BUCKET = 'control';
const PASSWORD = 'of-hook-svc';

export async function startMigrationStack(): Promise<MigrationStack> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-migration-stack-'));
  const objects = await openObjectStore({ folder: join(folder, 'objects') });
  await objects.createBucket(BUCKET);
  const login = { text: JSON.stringify({ username: 'hook_svc', password: PASSWORD }) };
  const secrets = openSecretStore(join(folder, 'secrets'), [{ name: 'service', source: login }]);
  const serviceSecretArn = secrets.find('service')?.arn ?? '';
  const faults = createFaults();
  const services = await startServiceServer({
    services: [new S3Service({ store: objects }), createSecretService(secrets)],
    authorizer: Object.assign(() => undefined, { seen: () => [] }),
    faults,
  });
  const server = await startTestDatabase({ isMigrated: false });
  const engine: EngineFile = {
    url: services.url,
    gateUrl: services.url,
    consoleUrl: null,
    pid: process.pid,
    databaseUrl: server.databaseUrl,
    issuer: services.url,
    stackName: 'Tidegate',
    endpoints: {
      sqs: `${services.url}/sqs`,
      events: `${services.url}/events`,
      kms: `${services.url}/kms`,
      rdsData: server.endpoint,
      rds: `${services.url}/rds`,
      s3: `${services.url}/s3`,
      secretsManager: `${services.url}/secretsmanager`,
      lambda: `${services.url}/lambda`,
    },
    outputs: {
      ClusterArn: server.clusterArn,
      OwnerSecretArn: server.ownerSecretArn,
      ServiceSecretArn: serviceSecretArn,
      DatabaseName: server.database,
      ControlBucketName: BUCKET,
    },
  };
  return {
    server,
    faults,
    environment: {
      DATABASE_CLUSTER_ARN: server.clusterArn,
      DATABASE_SECRET_ARN: server.ownerSecretArn,
      DATABASE_NAME: server.database,
      SERVICE_SECRET_ARN: serviceSecretArn,
      CONTROL_BUCKET: BUCKET,
      AWS_ENDPOINT_URL_RDS_DATA: engine.endpoints.rdsData,
      AWS_ENDPOINT_URL_S3: engine.endpoints.s3,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: engine.endpoints.secretsManager,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'operator',
      AWS_SECRET_ACCESS_KEY: 'operator',
    },
    dataFolder: folder,
    writeEngine: (changes = {}) => writeEngineFile(join(folder, 'engine.json'), { ...engine, ...changes }),
    readControlObject: async (key) => (await objects.get(BUCKET, key).catch(() => undefined))?.body.toString('utf8'),
    stop: async () => {
      await services.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
