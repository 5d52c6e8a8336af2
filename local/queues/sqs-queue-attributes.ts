/** A queue as GetQueueAttributes answers it: all values are text. Source: SQS API Reference, GetQueueAttributes. */
import { ServiceError } from '../services/service.ts';
import type { QueueCounts } from './message.ts';
import { queueArn } from './queue-properties.ts';
import type { QueueDescription } from './queue-store.ts';

/** @throws ServiceError InvalidAttributeName for one that SQS does not have. */
export function wireQueueAttributes(
  { settings, createdAtMs, modifiedAtMs }: QueueDescription,
  counts: QueueCounts,
  wanted: readonly string[],
): Record<string, string> {
  const { redrive } = settings;
  const all: Readonly<Record<string, string | undefined>> = {
    QueueArn: queueArn(settings.name),
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    CreatedTimestamp: seconds(createdAtMs),
    LastModifiedTimestamp: seconds(modifiedAtMs),
    VisibilityTimeout: String(settings.visibilityTimeoutSeconds),
    MaximumMessageSize: String(settings.maxMessageBytes),
    MessageRetentionPeriod: String(settings.messageRetentionSeconds),
    DelaySeconds: String(settings.delaySeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.receiveWaitSeconds),
    SqsManagedSseEnabled: 'false',
    Policy: undefined,
    RedriveAllowPolicy: undefined,
    RedrivePolicy:
      redrive === undefined
        ? undefined
        : JSON.stringify({
            deadLetterTargetArn: queueArn(redrive.deadLetterQueue),
            maxReceiveCount: redrive.maxReceiveCount,
          }),
  };
  const picked: Record<string, string> = {};
  for (const name of wanted.includes('All') ? Object.keys(all) : wanted) {
    if (!Object.hasOwn(all, name)) throw new ServiceError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    const value = all[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1_000));
}
