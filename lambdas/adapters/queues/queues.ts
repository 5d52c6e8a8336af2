import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { pack, QUEUE_CALL } from '../../domain/packing/pack.ts';
import { queueSafeJson } from '../../domain/text/queue-characters.ts';
import { clientOptions } from '../sdk/client-options.ts';
import { errorName } from '../sdk/sdk-error.ts';

export interface QueueMessage {
  /** JSON text. */
  readonly body: string;
  /** Fair queues: the webhook (or the source) whose backlog must not delay the others'. */
  readonly groupId?: string;
  /** 0 to 900. Source: SQS API reference, SendMessage. */
  readonly delaySeconds?: number;
}

/** A message that is not in the queue. */
export interface SendFailure<M extends QueueMessage> {
  readonly message: M;
  readonly code: string;
  /** The message itself is at fault (too large, an illegal character): sending it again fails again. */
  readonly isSenderFault: boolean;
}

export interface VisibilityChange {
  readonly receiptHandle: string;
  /** 0 to 43,200, counted from now; 12 h at most in all since the receive. */
  readonly timeoutSeconds: number;
}

export interface QueueDepth {
  /** Waiting to be received. */
  readonly visible: number;
  /** Received and not deleted, those waiting out a backoff included. SQS stops at about 120,000. */
  readonly inFlight: number;
}

export interface Queues {
  /**
   * Sends all, in as few calls as possible. It does not throw: what is not in the queue, for whatever reason, is
   * returned, and the caller keeps it.
   */
  sendAll<M extends QueueMessage>(queueUrl: string, messages: readonly M[]): Promise<readonly SendFailure<M>[]>;
  /** Best effort: a message whose change fails comes back after the queue's own visibility timeout. */
  changeVisibility(queueUrl: string, changes: readonly VisibilityChange[]): Promise<{ readonly failed: number }>;
  /**
   * Approximate, and up to `maxAgeMs` old.
   * @param maxAgeMs @default 30 s
   * @throws the SDK's error when it cannot be read.
   */
  depth(queueUrl: string, maxAgeMs?: number): Promise<QueueDepth>;
}

const DEPTH_CACHE_MS = 30_000;

export function createSqsClient(): SQSClient {
  return new SQSClient({
    ...clientOptions({ requestTimeoutMs: 5_000, maxAttempts: 2, maxSockets: 50 }),
    // The URL of a queue names AWS's own host even where the endpoint is another one (queueUrlFromArn): by default the
    // SDK would send there, past the endpoint that the environment sets.
    useQueueUrlAsEndpoint: false,
  });
}

export function createQueues({ client, now = Date.now }: { client: SQSClient; now?: () => number }): Queues {
  const depths = new Map<string, { readonly depth: QueueDepth; readonly readAt: number }>();
  return {
    sendAll: async (queueUrl, messages) => {
      const batches = pack(messages, QUEUE_CALL, bytesOf);
      const failures = await Promise.all(batches.map((batch) => sendBatch(client, queueUrl, batch)));
      return failures.flat();
    },
    changeVisibility: async (queueUrl, changes) => {
      const batches = pack(changes, QUEUE_CALL, () => 1);
      const failed = await Promise.all(batches.map((batch) => changeBatch(client, queueUrl, batch)));
      return { failed: failed.reduce((sum, count) => sum + count, 0) };
    },
    depth: async (queueUrl, maxAgeMs = DEPTH_CACHE_MS) => {
      const known = depths.get(queueUrl);
      if (known !== undefined && now() - known.readAt < maxAgeMs) return known.depth;
      const depth = await readDepth(client, queueUrl);
      depths.set(queueUrl, { depth, readAt: now() });
      return depth;
    },
  };
}

function bytesOf({ body }: QueueMessage): number {
  return Buffer.byteLength(queueSafeJson(body));
}

async function sendBatch<M extends QueueMessage>(
  client: SQSClient,
  queueUrl: string,
  batch: readonly M[],
): Promise<SendFailure<M>[]> {
  const Entries = batch.map(({ body, groupId, delaySeconds }, index) => ({
    Id: String(index),
    MessageBody: queueSafeJson(body),
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
  }));
  try {
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    return Failed.flatMap(({ Id, Code = 'Unknown', SenderFault = false }) => {
      const message = batch[Number(Id)];
      return message === undefined ? [] : [{ message, code: Code, isSenderFault: SenderFault }];
    });
  } catch (error) {
    return batch.map((message) => ({ message, code: errorName(error), isSenderFault: false }));
  }
}

async function changeBatch(client: SQSClient, queueUrl: string, batch: readonly VisibilityChange[]): Promise<number> {
  const Entries = batch.map(({ receiptHandle, timeoutSeconds }, index) => ({
    Id: String(index),
    ReceiptHandle: receiptHandle,
    VisibilityTimeout: timeoutSeconds,
  }));
  try {
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries });
    return (await client.send(command)).Failed?.length ?? 0;
  } catch {
    return batch.length;
  }
}

async function readDepth(client: SQSClient, queueUrl: string): Promise<QueueDepth> {
  const command = new GetQueueAttributesCommand({
    QueueUrl: queueUrl,
    AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
  });
  const { Attributes = {} } = await client.send(command);
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
  };
}
