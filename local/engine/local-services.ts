/** Gives every service of the stack its body, with data in the engine's folder. */
import { join } from 'node:path';
import { createBusService } from '../bus/bus-service.ts';
import { ClusterService } from '../clusters/cluster-service.ts';
import type { Credentials } from '../data-api/connections.ts';
import { DataApi } from '../data-api/data-api.ts';
import type { FunctionHost } from '../functions/function-host.ts';
import { createLambdaService } from '../functions/lambda-service.ts';
import { createKeyService } from '../keys/key-service.ts';
import type { Mappings } from '../mappings/mappings.ts';
import { openObjectStore } from '../objects/object-store.ts';
import { S3Service } from '../objects/s3-service.ts';
import type { PolicyAuthorizer } from '../permissions/authorizer.ts';
import { OWNER } from '../postgres/cluster.ts';
import type { Postgres } from '../postgres/postgres.ts';
import { queueNameOfArn } from '../queues/queue-properties.ts';
import type { QueueStore } from '../queues/queue-store.ts';
import { SqsService } from '../queues/sqs-service.ts';
import { createSecretService } from '../secrets/secret-service.ts';
import { openSecretStore, type SecretStore } from '../secrets/secret-store.ts';
import type { Faults } from '../services/faults.ts';
import type { LocalService } from '../services/service.ts';
import type { StackModel } from '../template/stack-model.ts';
import { TemplateError } from '../template/template.ts';

export interface LocalServicesProps {
  readonly model: StackModel;
  /** Folder of all state. */
  readonly folder: string;
  readonly servicesUrl: string;
  readonly queues: QueueStore;
  readonly postgres: Postgres;
  readonly functions: FunctionHost;
  readonly mappings: Mappings;
  readonly permissions: PolicyAuthorizer;
  readonly faults: Faults;
  readonly onProblem: (message: string) => void;
}

export interface LocalServices {
  readonly services: readonly LocalService[];
  close(): Promise<void>;
}

export async function createLocalServices(props: LocalServicesProps): Promise<LocalServices> {
  const { model, folder, postgres, queues, faults } = props;
  const secrets = openSecretStore(secretsFolder(folder), model.secrets);
  const [cluster] = model.clusters;
  if (cluster === undefined || model.clusters.length > 1) {
    throw new TemplateError(`the local engine runs one database cluster, the template has ${model.clusters.length}`);
  }
  const dataApi = new DataApi({
    clusterArn: cluster.arn,
    host: postgres.host,
    port: postgres.port,
    credentials: (secretArn) => credentialsIn(secrets, secretArn, postgres.ownerPassword),
  });
  const sqs = new SqsService({ store: queues });
  sqs.baseUrl = props.servicesUrl;
  const objects = await openObjectStore({ folder: join(folder, 'objects') });
  for (const name of model.bucketNames) await objects.createBucket(name);
  return {
    services: [
      dataApi,
      sqs,
      new S3Service({ store: objects }),
      new ClusterService({ clusterArn: cluster.arn, isAvailable: () => faults.of('rds-data').mode !== 'down' }),
      createKeyService({ folder: join(folder, 'keys'), keys: model.keys }),
      createSecretService(secrets),
      createBus(props),
      createLambdaService(props),
    ],
    close: () => dataApi.close(),
  };
}

export function secretsFolder(folder: string): string {
  return join(folder, 'secrets');
}

function createBus({ model, queues, permissions, onProblem }: LocalServicesProps): LocalService {
  return createBusService({
    rules: model.rules,
    busNames: model.busNames,
    archives: model.archives,
    canService: (...asked) => permissions.canService(...asked),
    deliver: async (queueArn, body, groupId) => {
      const queue = queueNameOfArn(queueArn);
      if (queue === undefined) throw new Error(`no queue ${queueArn}`);
      try {
        await queues.send(queue, { body, groupId, senderId: 'events.amazonaws.com' });
      } catch (error) {
        onProblem(`the bus could not reach ${queue}: ${String(error)}`);
        throw error;
      }
    },
  });
}

/** On AWS the owner's secret is the cluster's master password; here the server had one before there was a template. */
function credentialsIn(secrets: SecretStore, secretArn: string, ownerPassword: string): Credentials | undefined {
  const text = secrets.find(secretArn)?.current.value;
  if (text === undefined) return undefined;
  const { username, password } = JSON.parse(text) as Credentials;
  return { username, password: username === OWNER ? ownerPassword : password };
}
