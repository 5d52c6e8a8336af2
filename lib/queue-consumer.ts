import { Arn, ArnFormat, Stack } from 'aws-cdk-lib';
import { type CfnEventSourceMapping, EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { MessageQueue } from './message-queue.ts';
import type { TidegateFunction } from './tidegate-function.ts';

export interface QueueConsumerProps {
  readonly queue: MessageQueue;
  readonly consumer: TidegateFunction;
  /** Batches at a time, 2 to 1000. */
  readonly maxConcurrency: number;
}

// The most without a batching window, and a window costs at least 1 s of latency (Lambda Developer Guide, "Using
// Lambda with Amazon SQS").
const BATCH_SIZE = 10;

/**
 * Feeds a queue to a function. `Enabled` stays unset: an operator pauses a consumer by UpdateEventSourceMapping, and a
 * template that named it would switch it on again at the next deploy.
 */
export class QueueConsumer extends EventSourceMapping {
  constructor(scope: Construct, id: string, { queue, consumer, maxConcurrency }: QueueConsumerProps) {
    queue.grantReceive(consumer);
    super(scope, id, {
      target: consumer,
      eventSourceArn: queue.queueArn,
      batchSize: BATCH_SIZE,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
    (this.node.defaultChild as CfnEventSourceMapping).overrideLogicalId(id);
  }
}

/** Lets a function see whether the consumers run, and tells it which there are. */
export function grantObserve(fn: TidegateFunction, consumers: readonly QueueConsumer[]): void {
  fn.addEnvironment('EVENT_SOURCE_MAPPING_IDS', consumers.map((consumer) => consumer.eventSourceMappingId).join(','));
  for (const { eventSourceMappingId } of consumers) {
    fn.allow(['lambda:GetEventSourceMapping'], mappingArn(fn, eventSourceMappingId));
  }
}

function mappingArn(scope: Construct, id: string): string {
  return Arn.format(
    { service: 'lambda', resource: 'event-source-mapping', resourceName: id, arnFormat: ArnFormat.COLON_RESOURCE_NAME },
    Stack.of(scope),
  );
}
