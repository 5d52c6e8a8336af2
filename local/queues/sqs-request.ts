/** Requests of the AWS JSON protocol of SQS, as far as the local queues answer them. Source: the SQS model, 2012-11-05. */
import { z } from 'zod';
import { ServiceError } from '../services/service.ts';
import type { MessageAttributes, OutgoingMessage } from './message.ts';
import { missingParameter } from './queue-error.ts';

const queueUrl = z.string();
const names = z.array(z.string()).default([]);

const attribute = z.object({
  DataType: z.string(),
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
});

const message = z.object({
  MessageBody: z.string(),
  DelaySeconds: z.number().optional(),
  MessageAttributes: z.record(z.string(), attribute).optional(),
  MessageSystemAttributes: z.record(z.string(), attribute).optional(),
  MessageDeduplicationId: z.string().optional(),
  MessageGroupId: z.string().optional(),
});

const receipt = z.object({ ReceiptHandle: z.string() });
const visibility = receipt.extend({ VisibilityTimeout: z.number() });
const withId = { Id: z.string() };
const batch = <T extends z.ZodType>(entry: T) => z.object({ QueueUrl: queueUrl, Entries: z.array(entry) });

export const sqsRequest = {
  SendMessage: message.extend({ QueueUrl: queueUrl }),
  SendMessageBatch: batch(message.extend(withId)),
  ReceiveMessage: z.object({
    QueueUrl: queueUrl,
    AttributeNames: names,
    MessageSystemAttributeNames: names,
    MessageAttributeNames: names,
    MaxNumberOfMessages: z.number().optional(),
    VisibilityTimeout: z.number().optional(),
    WaitTimeSeconds: z.number().optional(),
  }),
  DeleteMessage: receipt.extend({ QueueUrl: queueUrl }),
  DeleteMessageBatch: batch(receipt.extend(withId)),
  ChangeMessageVisibility: visibility.extend({ QueueUrl: queueUrl }),
  ChangeMessageVisibilityBatch: batch(visibility.extend(withId)),
  GetQueueAttributes: z.object({ QueueUrl: queueUrl, AttributeNames: names }),
  GetQueueUrl: z.object({ QueueName: z.string() }),
  ListQueues: z.object({
    QueueNamePrefix: z.string().optional(),
    MaxResults: z.number().optional(),
    NextToken: z.string().optional(),
  }),
  PurgeQueue: z.object({ QueueUrl: queueUrl }),
  StartMessageMoveTask: z.object({
    SourceArn: z.string(),
    DestinationArn: z.string().optional(),
    MaxNumberOfMessagesPerSecond: z.number().optional(),
  }),
  ListMessageMoveTasks: z.object({ SourceArn: z.string(), MaxResults: z.number().optional() }),
  CancelMessageMoveTask: z.object({ TaskHandle: z.string() }),
};

export type WireMessage = z.infer<typeof message>;

/** @throws ServiceError MissingParameter or InvalidParameterValue, naming the field. */
export function parseRequest<T extends z.ZodType>(schema: T, body: Buffer): z.infer<T> {
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_type' && issue.message.endsWith('received undefined')) throw missingParameter(field);
  throw new ServiceError('InvalidParameterValue', `${field}: ${issue?.message ?? 'invalid'}`);
}

/** @throws ServiceError for what standard queues do not take, or the local ones do not carry. */
export function outgoingMessage(wire: WireMessage, senderId: string): OutgoingMessage {
  if (wire.MessageDeduplicationId !== undefined) {
    const reason = 'The request include parameter that is not valid for this queue type';
    throw new ServiceError('InvalidParameterValue', `MessageDeduplicationId: ${reason}`);
  }
  // Taking AWSTraceHeader and not handing it on would be a silent loss.
  if (wire.MessageSystemAttributes !== undefined && Object.keys(wire.MessageSystemAttributes).length > 0) {
    throw new ServiceError('UnsupportedOperation', 'Local queues carry no MessageSystemAttributes.');
  }
  return {
    body: wire.MessageBody,
    delaySeconds: wire.DelaySeconds,
    groupId: wire.MessageGroupId,
    attributes: outgoingAttributes(wire),
    senderId,
  };
}

function outgoingAttributes({ MessageAttributes: wire }: WireMessage): MessageAttributes | undefined {
  if (wire === undefined || Object.keys(wire).length === 0) return undefined;
  return Object.fromEntries(
    Object.entries(wire).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { dataType: DataType, stringValue: StringValue, binaryBase64: BinaryValue },
    ]),
  );
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    const error = new ServiceError('SerializationException', 'The request is not JSON.');
    error.cause = cause;
    throw error;
  }
}
