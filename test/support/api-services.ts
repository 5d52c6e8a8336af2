/** The AWS services that the API's functions call: the local ones, one server, with their drills. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createBusService } from '../../local/bus/bus-service.ts';
import { createKeyService, keyArn } from '../../local/keys/key-service.ts';
import { openObjectStore } from '../../local/objects/object-store.ts';
import { S3Service } from '../../local/objects/s3-service.ts';
import { openQueueStore } from '../../local/queues/queue-store.ts';
import { SqsService } from '../../local/queues/sqs-service.ts';
import type { Authorizer } from '../../local/services/authorizer.ts';
import { createFaults, type Faults } from '../../local/services/faults.ts';
import { startServiceServer } from '../../local/services/server.ts';
import { LOCAL_REGION, type LocalService } from '../../local/services/service.ts';

export const KEY_ID = 'envelope-key';
export const KEY_ARN = keyArn(KEY_ID);
export const BUS_NAME = 'hooks';
export const BUCKET = 'control-bucket';
const RETRIES = 'retries';
const RULE = { Name: 'all', EventBusName: BUS_NAME, EventPattern: { source: [{ prefix: '' }] } };
const ALL_KEYS = {
  prefix: '',
  startAfter: '',
  maxKeys: 1_000,
  delimiter: undefined,
  continuationToken: undefined,
};
const ALLOW_ALL: Authorizer = Object.assign(() => undefined, { seen: () => [] });

export interface ApiServices {
  readonly faults: Faults;
  readonly retriesQueueUrl: string;
  /** Bodies of what the bus put on the events queue, oldest first. */
  readonly onBus: readonly string[];
  /** Keys in the control bucket. */
  markers(): readonly string[];
  /** Takes what is in the retries queue. */
  receiveRetries(): Promise<Message[]>;
  stop(): Promise<void>;
}

/** @param dataApi the service of the test's database. */
export async function startApiServices(dataApi: LocalService): Promise<ApiServices> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-api-'));
  const faults = createFaults();
  const onBus: string[] = [];
  const queues = openQueueStore({ file: ':memory:' });
  const objects = await openObjectStore({ folder: join(folder, 'objects') });
  await objects.createBucket(BUCKET);
  await queues.createQueue({ name: RETRIES });
  const sqs = new SqsService({ store: queues });
  const bus = createBusService({
    rules: [{ ...RULE, Targets: [{ Id: 'events', Arn: `arn:aws:sqs:${LOCAL_REGION}:000000000000:events` }] }],
    busNames: [BUS_NAME],
    deliver: async (_queueArn, body) => void onBus.push(body),
    canService: () => true,
  });
  const keys = createKeyService({ folder: join(folder, 'keys'), keys: [{ keyId: KEY_ID }] });
  const services = [sqs, bus, keys, new S3Service({ store: objects }), dataApi];
  const server = await startServiceServer({ services, authorizer: ALLOW_ALL, faults });
  sqs.baseUrl = server.url;
  pointSdkAt(server.url);
  const client = new SQSClient({});
  return {
    faults,
    retriesQueueUrl: sqs.queueUrl(RETRIES),
    onBus,
    markers: () => objects.list(BUCKET, ALL_KEYS).heads.map(({ key }) => key),
    receiveRetries: () => receiveAll(client, sqs.queueUrl(RETRIES)),
    stop: async () => {
      client.destroy();
      await server.close();
      await queues.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The functions' own clients are used, so they are pointed at the services as the engine does it. */
function pointSdkAt(url: string): void {
  Object.assign(process.env, {
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: 'operator',
    AWS_SECRET_ACCESS_KEY: 'operator',
    AWS_ENDPOINT_URL_SQS: `${url}/sqs`,
    AWS_ENDPOINT_URL_EVENTBRIDGE: `${url}/events`,
    AWS_ENDPOINT_URL_KMS: `${url}/kms`,
    AWS_ENDPOINT_URL_S3: `${url}/s3`,
    AWS_ENDPOINT_URL_RDS_DATA: `${url}/rds-data`,
  });
}

async function receiveAll(client: SQSClient, QueueUrl: string): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 43_200,
      MessageSystemAttributeNames: ['All'],
    });
    const { Messages = [] } = await client.send(command);
    if (Messages.length === 0) return all;
    all.push(...Messages);
  }
}
