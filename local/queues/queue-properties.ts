/** What a queue is told in the template, with SQS's defaults and ranges. Source: SQS API Reference, CreateQueue. */
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../services/service.ts';
import { invalidValue } from './queue-error.ts';

export interface QueueProps {
  readonly name: string;
  /** 0 to 43,200. @default 30 */
  readonly visibilityTimeoutSeconds?: number | undefined;
  /** 60 to 1,209,600 (14 days). @default 345,600 (4 days) */
  readonly messageRetentionSeconds?: number | undefined;
  /** Delay of a message that names none, 0 to 900. @default 0 */
  readonly delaySeconds?: number | undefined;
  /** Wait of a receive that names none, 0 to 20. @default 0 */
  readonly receiveWaitSeconds?: number | undefined;
  /** 1,024 to 1,048,576: body and attributes together. @default 1,048,576 */
  readonly maxMessageBytes?: number | undefined;
  readonly redrive?: RedriveProps | undefined;
}

export interface RedriveProps {
  /** Name of the dead-letter queue. While it does not exist, nothing is moved. */
  readonly deadLetterQueue: string;
  /** 1 to 1,000. */
  readonly maxReceiveCount: number;
}

export interface QueueSettings {
  readonly name: string;
  readonly visibilityTimeoutSeconds: number;
  readonly messageRetentionSeconds: number;
  readonly delaySeconds: number;
  readonly receiveWaitSeconds: number;
  readonly maxMessageBytes: number;
  readonly redrive: RedriveProps | undefined;
}

// Source: SQS Developer Guide, "Amazon SQS message quotas" and "standard queue quotas".
export const LONGEST_VISIBILITY_SECONDS = 43_200;
export const LONGEST_DELAY_SECONDS = 900;
export const LONGEST_WAIT_SECONDS = 20;
export const LARGEST_MESSAGE_BYTES = 1_048_576;
const LONGEST_RETENTION_SECONDS = 1_209_600;
const HIGHEST_MAX_RECEIVE_COUNT = 1_000;

/** @throws ServiceError InvalidParameterValue for a value outside its range. */
export function queueSettings(props: QueueProps): QueueSettings {
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(props.name)) {
    throw invalidValue('QueueName', props.name, 'Can only include alphanumeric characters, hyphens, or underscores.');
  }
  const { redrive } = props;
  if (redrive !== undefined) {
    inRange('maxReceiveCount', redrive.maxReceiveCount, 1, HIGHEST_MAX_RECEIVE_COUNT);
  }
  return {
    name: props.name,
    visibilityTimeoutSeconds: inRange(
      'VisibilityTimeout',
      props.visibilityTimeoutSeconds ?? 30,
      0,
      LONGEST_VISIBILITY_SECONDS,
    ),
    messageRetentionSeconds: inRange(
      'MessageRetentionPeriod',
      props.messageRetentionSeconds ?? 345_600,
      60,
      LONGEST_RETENTION_SECONDS,
    ),
    delaySeconds: inRange('DelaySeconds', props.delaySeconds ?? 0, 0, LONGEST_DELAY_SECONDS),
    receiveWaitSeconds: inRange(
      'ReceiveMessageWaitTimeSeconds',
      props.receiveWaitSeconds ?? 0,
      0,
      LONGEST_WAIT_SECONDS,
    ),
    maxMessageBytes: inRange(
      'MaximumMessageSize',
      props.maxMessageBytes ?? LARGEST_MESSAGE_BYTES,
      1_024,
      LARGEST_MESSAGE_BYTES,
    ),
    redrive,
  };
}

/** @throws ServiceError InvalidParameterValue unless `value` is an integer in [least, most]. */
export function inRange(parameter: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidValue(parameter, value, `Must be an integer between ${least} and ${most}.`);
}

export function queueArn(name: string): string {
  return `arn:aws:sqs:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${name}`;
}

/** @returns the queue's name, or undefined when `arn` is no queue's. */
export function queueNameOfArn(arn: string): string | undefined {
  return /^arn:aws:sqs:[a-z0-9-]*:\d*:([^:/]+)$/.exec(arn)?.[1];
}
