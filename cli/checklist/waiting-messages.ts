import { GetQueueAttributesCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** Messages that a queue would hand out now. */
export interface WaitingMessages {
  readonly count: number;
  /** Of up to ten looked at; 0 when there are none, or a consumer was faster. */
  readonly oldestAgeMs: number;
}

/**
 * Counts, and looks at up to ten without holding them: visibility 0 gives each back at once. A look adds one to their
 * receive counts, of which all queues allow 1,000; the deliver function reads a row again for it and nothing else.
 */
export async function readWaitingMessages(
  sqs: SQSClient,
  QueueUrl: string,
  now: () => number,
): Promise<WaitingMessages> {
  const count = await countVisible(sqs, QueueUrl);
  if (count === 0) return { count, oldestAgeMs: 0 };
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
      WaitTimeSeconds: 0,
      MessageSystemAttributeNames: ['SentTimestamp'],
    }),
  );
  const sentAtMs = Messages.map(({ Attributes }) => Number(Attributes?.SentTimestamp ?? now()));
  return { count, oldestAgeMs: Math.max(0, ...sentAtMs.map((sentMs) => now() - sentMs)) };
}

async function countVisible(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages'] as const;
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
}

/** `3 d`, `5 h`, `12 min`, `40 s`: the largest unit that fits. */
export function ageInWords(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1_000);
  if (seconds >= 172_800) return `${Math.floor(seconds / 86_400)} d`;
  if (seconds >= 7_200) return `${Math.floor(seconds / 3_600)} h`;
  return seconds >= 120 ? `${Math.floor(seconds / 60)} min` : `${seconds} s`;
}
