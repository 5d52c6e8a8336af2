/** The deliver function on real PostgreSQL, queues and KMS, with a receiver on loopback; rows and messages by hand. */
import { randomUUID } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import { sqsBatchHandler } from '../../../lambdas/adapters/batch/sqs-batch.ts';
import { createSender } from '../../../lambdas/adapters/http-out/sender.ts';
import { deliver } from '../../../lambdas/deliver/deliver.ts';
import type { DeliverContext } from '../../../lambdas/deliver/deliver-context.ts';
import type { DeliverMessage } from '../../../lambdas/domain/messages/delivery-message.ts';
import { queueArn } from '../../../local/queues/queue-properties.ts';
import { type Handler, type Pipeline, startPipeline, type TestWebhook } from '../adapters/pipeline.ts';
import { type Receiver, startReceiver } from '../deliver/receiver.ts';

export interface DeliverBench {
  readonly pipeline: Pipeline;
  readonly receiver: Receiver;
  /** What went to the retries queue, read or not. */
  readonly sentToRetries: string[];
  context(overrides?: Partial<DeliverContext>): DeliverContext;
  handler(overrides?: Partial<DeliverContext>): Handler;
  stop(): Promise<void>;
}

export const SETTINGS = {
  retryScheduleSeconds: [30, 300, 1_800],
  deliveryTimeoutSeconds: 5,
  callbackTimeoutSeconds: 900,
  openTtlSeconds: 14_400,
  inFlightLimit: 100_000,
  configCacheSeconds: 10,
};

export async function startDeliverBench(): Promise<DeliverBench> {
  const pipeline = await startPipeline();
  const receiver = await startReceiver();
  const sender = createSender({ policy: { rule: 'loopback-allowed', ownHosts: [] } });
  const sentToRetries: string[] = [];
  const queues: DeliverContext['queues'] = {
    ...pipeline.queues,
    sendAll: (url, messages) => {
      if (url === pipeline.queueUrl('retries')) sentToRetries.push(...messages.map(({ body }) => body));
      return pipeline.queues.sendAll(url, messages);
    },
  };
  const context: DeliverBench['context'] = (overrides = {}) => ({
    database: pipeline.database,
    queues,
    controlBucket: pipeline.controlBucket,
    keyring: pipeline.keyring,
    sender,
    log: pipeline.log,
    metrics: pipeline.metrics,
    settings: SETTINGS,
    retriesQueueUrl: pipeline.queueUrl('retries'),
    deadLettersQueueUrl: pipeline.queueUrl('dead-letters'),
    now: Date.now,
    newToken: randomUUID,
    random: () => 0.5,
    ...overrides,
  });
  return {
    pipeline,
    receiver,
    sentToRetries,
    context,
    handler: (overrides) =>
      sqsBatchHandler({
        run: (records) => deliver(context(overrides), records),
        onFault: (error) => pipeline.log.error('batch_failed', { error }),
        queues: pipeline.queues,
      }),
    stop: async () => {
      await sender.close();
      await receiver.stop();
      await pipeline.stop();
    },
  };
}

/** A record as an event source mapping hands it out. */
export function recordOf(message: object, props: { queue?: string; receiveCount?: number } = {}): SQSRecord {
  return {
    messageId: randomUUID(),
    receiptHandle: 'none',
    body: JSON.stringify(message),
    attributes: {
      ApproximateReceiveCount: String(props.receiveCount ?? 1),
      SentTimestamp: String(Date.now()),
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: String(Date.now()),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn(props.queue ?? 'retries'),
    awsRegion: 'us-east-1',
  };
}

/** A message by ids alone, as the sweeper and the API send it. */
export function byId(deliveryId: string, props: Partial<DeliverMessage> = {}): DeliverMessage {
  return { v: 1, kind: 'deliver', deliveryId, generation: 0, hops: 0, ...props };
}

/** A result that waits in the queue. */
export function resultOf(webhook: TestWebhook, deliveryId: string, record: object): object {
  return {
    v: 1,
    kind: 'record',
    deliveryId,
    generation: 0,
    hops: 1,
    accountId: webhook.accountId,
    webhookId: webhook.webhookId,
    record: {
      deliveryId,
      generation: 0,
      attemptNumber: 1,
      startedAt: Date.now() - 60_000,
      durationMs: 5,
      httpStatus: 500,
      error: 'http_500: the receiver answered 500',
      responseHeaders: [],
      responseBody: '',
      outcome: 'retry',
      nextRetryAt: Date.now() - 1_000,
      ...record,
    },
  };
}
