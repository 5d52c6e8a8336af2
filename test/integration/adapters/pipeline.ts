/** The functions' surroundings for a test: real PostgreSQL through the Data API, real queues and KMS, one clock. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { ControlBucket } from '../../../lambdas/adapters/control-bucket/control-bucket.ts';
import { createDatabase, type Database } from '../../../lambdas/adapters/database/database.ts';
import { createLog, type Log } from '../../../lambdas/adapters/log/log.ts';
import { createMetrics, type Metrics } from '../../../lambdas/adapters/metrics/metrics.ts';
import { createQueues, type Queues } from '../../../lambdas/adapters/queues/queues.ts';
import { createKeyring, type Keyring } from '../../../lambdas/adapters/secrets/keyring.ts';
import { dueMarkerKey } from '../../../lambdas/domain/due-marker/due-marker.ts';
import { createKeyService, keyArn } from '../../../local/keys/key-service.ts';
import { queueArn } from '../../../local/queues/queue-properties.ts';
import { openQueueStore } from '../../../local/queues/queue-store.ts';
import { SqsService } from '../../../local/queues/sqs-service.ts';
import type { Authorizer } from '../../../local/services/authorizer.ts';
import { createFaults, type Faults } from '../../../local/services/faults.ts';
import { startServiceServer } from '../../../local/services/server.ts';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';

const QUEUES = ['events', 'deliveries', 'retries', 'dead-letters'] as const;
export type QueueName = (typeof QUEUES)[number];
const ALLOW_ALL: Authorizer = Object.assign(() => undefined, { seen: () => [] });
const KEY_ID = 'envelope-key';
/** What a client needs of a local service. */
const LOCAL = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
  maxAttempts: 1,
};

export interface Pipeline {
  readonly testDatabase: TestDatabase;
  readonly database: Database;
  readonly queues: Queues;
  readonly keyring: Keyring;
  readonly kms: { readonly client: KMSClient; readonly keyArn: string };
  readonly controlBucket: MemoryBucket;
  readonly faults: Faults;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What was logged and counted, one JSON line each. */
  readonly lines: string[];
  queueUrl(name: QueueName): string;
  /** Makes matching entries of SendMessageBatch fail. */
  failEntries(of: (queue: string, body: string) => boolean): void;
  receive(name: QueueName): Promise<SQSRecord[]>;
  /** As an event source mapping: one batch to the handler, and what it does not report is deleted. */
  consume(name: QueueName, handler: Handler, records?: SQSRecord[]): Promise<SQSBatchResponse>;
  stop(): Promise<void>;
}

export type Handler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** Markers in memory; `isDown` makes every call fail. */
export interface MemoryBucket extends ControlBucket {
  readonly keys: Set<string>;
  isDown: boolean;
}

export async function startPipeline(): Promise<Pipeline> {
  const testDatabase = await startTestDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-pipeline-'));
  const faults = createFaults();
  let entryFails: (queue: string, body: string) => boolean = () => false;
  const store = openQueueStore({ file: ':memory:' });
  const sqsService = new SqsService({
    store,
    entryFault: (queue, entry) => (entryFails(queue, entry.body) ? 'InternalError' : undefined),
  });
  const keyService = createKeyService({ folder, keys: [{ keyId: KEY_ID }] });
  const server = await startServiceServer({
    services: [sqsService, keyService, testDatabase.dataApi],
    authorizer: ALLOW_ALL,
    faults,
  });
  sqsService.baseUrl = server.url;
  for (const name of QUEUES) await store.createQueue({ name, visibilityTimeoutSeconds: 60 });
  const sqs = new SQSClient({ ...LOCAL, endpoint: `${server.url}/sqs` });
  const kms = new KMSClient({ ...LOCAL, endpoint: `${server.url}/kms` });
  // By way of this server, so that the database has its drills too.
  const rds = new RDSDataClient({ ...LOCAL, endpoint: `${server.url}/rds-data` });
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const database = createDatabase({
    clusterArn: testDatabase.clusterArn,
    secretArn: testDatabase.secretArn,
    databaseName: testDatabase.database,
    client: rds,
  });
  const receive = async (name: QueueName) => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: sqsService.queueUrl(name),
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages.map((message) => toRecord(message, name));
  };
  return {
    testDatabase,
    database,
    queues: createQueues({ client: sqs }),
    keyring: createKeyring({ client: kms, keyArn: keyArn(KEY_ID), keyCacheMs: 300_000, database }),
    kms: { client: kms, keyArn: keyArn(KEY_ID) },
    controlBucket: memoryBucket(),
    faults,
    log: createLog({ source: 'test', write }),
    metrics: createMetrics({ stage: 'test', write }),
    lines,
    queueUrl: (name) => sqsService.queueUrl(name),
    failEntries: (of) => {
      entryFails = of;
    },
    receive,
    consume: async (name, handler, given) => {
      const records = given ?? (await receive(name));
      if (records.length === 0) return { batchItemFailures: [] };
      const response = await handler({ Records: records });
      const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const record of records.filter(({ messageId }) => !failed.has(messageId))) {
        const QueueUrl = sqsService.queueUrl(name);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: record.receiptHandle }));
      }
      return response;
    },
    stop: async () => {
      sqs.destroy();
      kms.destroy();
      rds.destroy();
      await server.close();
      await store.close();
      await testDatabase.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function toRecord(message: Message, name: QueueName): SQSRecord {
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ApproximateReceiveCount: message.Attributes?.ApproximateReceiveCount ?? '1',
      SentTimestamp: message.Attributes?.SentTimestamp ?? '0',
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: message.Attributes?.ApproximateFirstReceiveTimestamp ?? '0',
      ...(message.Attributes?.MessageGroupId === undefined
        ? {}
        : { MessageGroupId: message.Attributes.MessageGroupId }),
    },
    messageAttributes: {},
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn(name),
    awsRegion: 'us-east-1',
  };
}

function memoryBucket(): MemoryBucket {
  const keys = new Set<string>();
  const bucket: MemoryBucket = {
    keys,
    isDown: false,
    markDue: async (timesMs) => {
      if (bucket.isDown) throw new Error('the bucket is down');
      for (const timeMs of timesMs) keys.add(dueMarkerKey(Math.max(timeMs, Date.now())));
    },
    listMarkers: async (untilMs) => {
      if (bucket.isDown) throw new Error('the bucket is down');
      return [...keys].filter((key) => key <= dueMarkerKey(untilMs)).sort();
    },
    deleteMarkers: async (gone) => {
      for (const key of gone) keys.delete(key);
    },
    readText: async () => undefined,
  };
  return bucket;
}

export interface TestWebhook {
  readonly accountId: string;
  readonly webhookId: string;
  readonly secret: string;
}

/** A webhook as the API would have made it. */
export async function addWebhook(
  { keyring, testDatabase }: Pipeline,
  props: {
    readonly accountId: string;
    readonly url?: string;
    readonly events?: readonly string[];
    readonly isActive?: boolean;
    readonly mode?: 'deliver' | 'hold';
    readonly disabledReason?: string;
    readonly rateLimitPerSecond?: number;
  },
): Promise<TestWebhook> {
  const webhookId = randomUUID();
  const secret = 'a secret of enough characters';
  const place = { accountId: props.accountId, ownerId: webhookId, purpose: 'secret' } as const;
  await testDatabase.query(
    `INSERT INTO hook.webhook_configs (webhook_id, account_id, url, secret_enc, events, is_active, mode, disabled_reason,
                                       rate_limit_per_second, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() - interval '1 hour')`,
    [
      webhookId,
      props.accountId,
      props.url ?? 'https://receiver.example/hook',
      await keyring.seal(place, secret),
      props.events ?? ['*'],
      props.isActive ?? true,
      props.mode ?? 'deliver',
      props.disabledReason ?? null,
      props.rateLimitPerSecond ?? null,
    ],
  );
  return { accountId: props.accountId, webhookId, secret };
}

/** An account of the test's own: tests of one file share a database and do not meet. */
export function newAccount(): string {
  return `account-${randomUUID()}`;
}
