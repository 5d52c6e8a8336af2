/** The event that Lambda hands to a function for a batch of messages. Source: Lambda Developer Guide, "Using Lambda with Amazon SQS". */
import type { MessageAttributes, ReceivedMessage } from '../queues/message.ts';
import { attributesMd5, bodyMd5 } from '../queues/message-digest.ts';
import { LOCAL_REGION } from '../services/service.ts';

export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** All values are text, numbers and times too. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>;
  readonly md5OfBody: string;
  readonly md5OfMessageAttributes?: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

interface SqsMessageAttribute {
  readonly stringValue?: string | undefined;
  readonly binaryValue?: string | undefined;
  readonly stringListValues: readonly string[];
  readonly binaryListValues: readonly string[];
  readonly dataType: string;
}

export function toSqsEvent(queueArn: string, messages: readonly ReceivedMessage[]): SqsEvent {
  return { Records: messages.map((message) => toRecord(queueArn, message)) };
}

function toRecord(queueArn: string, message: ReceivedMessage): SqsRecord {
  const digest = attributesMd5(message.attributes);
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAtMs),
      SenderId: message.senderId,
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
      ...(message.groupId !== undefined && { MessageGroupId: message.groupId }),
      ...(message.deadLetterSourceArn !== undefined && { DeadLetterQueueSourceArn: message.deadLetterSourceArn }),
    },
    messageAttributes: toMessageAttributes(message.attributes),
    md5OfBody: bodyMd5(message.body),
    ...(digest !== undefined && { md5OfMessageAttributes: digest }),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: LOCAL_REGION,
  };
}

function toMessageAttributes(attributes: MessageAttributes | undefined): Record<string, SqsMessageAttribute> {
  return Object.fromEntries(
    Object.entries(attributes ?? {}).map(([name, { dataType, stringValue, binaryBase64 }]) => [
      name,
      { stringValue, binaryValue: binaryBase64, stringListValues: [], binaryListValues: [], dataType },
    ]),
  );
}
