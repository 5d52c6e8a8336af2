import { CfnDeletionPolicy, Duration } from 'aws-cdk-lib';
import { type CfnQueue, type DeadLetterQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { TidegateFunction } from './tidegate-function.ts';

export interface MessageQueueProps {
  readonly retentionDays: number;
  /** Timeout of the consumer, if it has one. */
  readonly consumerTimeoutSeconds?: number;
  /** Where SQS redrives what was received 1000 times. Absent: this is a dead-letter queue. */
  readonly deadLetters?: MessageQueue;
}

// The most that SQS takes (SQS Developer Guide, "Configure a dead-letter queue"). Attempts are counted in the row, and
// an outage of database or KMS must dead-letter nothing: at 15 min a receive, 1000 outlast any retention.
const MAX_RECEIVE_COUNT = 1000;

// Of the function's timeout: Lambda's advice, since a throttled batch is retried within it (Lambda Developer Guide,
// "Using Lambda with Amazon SQS").
const VISIBILITY_TIMES_TIMEOUT = 6;

/**
 * A queue of the pipeline: encrypted, TLS only, with a way out for what cannot be processed.
 *
 * It goes with the stack: its name is CloudFormation's, so nothing could find a queue that outlives its functions, and
 * what it held has its row in the snapshot. A template change that replaces it, though, leaves the old one standing.
 */
export class MessageQueue extends Queue {
  constructor(scope: Construct, id: string, props: MessageQueueProps) {
    super(scope, id, {
      retentionPeriod: Duration.days(props.retentionDays),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      ...(props.consumerTimeoutSeconds !== undefined && {
        visibilityTimeout: Duration.seconds(VISIBILITY_TIMES_TIMEOUT * props.consumerTimeoutSeconds),
      }),
      ...(props.deadLetters !== undefined && { deadLetterQueue: redriveTo(props.deadLetters) }),
    });
    const resource = this.node.defaultChild as CfnQueue;
    resource.overrideLogicalId(id);
    resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  }

  /** Lets a function send, and tells it where by the named variable. */
  grantSend(fn: TidegateFunction, variable: string): void {
    fn.addEnvironment(variable, this.queueUrl);
    fn.allow(['sqs:SendMessage'], this.queueArn);
  }

  /** Lets a function ask how many messages wait and are in flight. */
  grantMeasure(fn: TidegateFunction): void {
    fn.allow(['sqs:GetQueueAttributes'], this.queueArn);
  }

  /**
   * Lets a function be fed from here and put off what it cannot process yet. `GetQueueAttributes` is both the poller's
   * and the in-flight guard's.
   */
  grantReceive(fn: TidegateFunction): void {
    fn.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
      this.queueArn,
    );
  }
}

function redriveTo(queue: MessageQueue): DeadLetterQueue {
  return { queue, maxReceiveCount: MAX_RECEIVE_COUNT };
}
