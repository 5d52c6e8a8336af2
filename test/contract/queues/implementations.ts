/** The queues that the contract is asked of: ours, and fauxqs as the second judge. */
import type { SQSClientConfig } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { LARGEST_MESSAGE_BYTES, type QueueProps, queueArn } from '../../../local/queues/queue-properties.ts';
import { openQueueStore } from '../../../local/queues/queue-store.ts';
import { SqsService } from '../../../local/queues/sqs-service.ts';
import { startServiceBench } from '../service-bench.ts';

export interface RunningQueues {
  readonly client: SQSClientConfig;
  /** @returns the queue's URL. */
  createQueue(props: QueueProps): Promise<string>;
  /** Defects met so far. */
  readonly unexpected: readonly unknown[];
  stop(): Promise<void>;
}

/** What AWS does and an implementation is known not to do. */
export type Deviation =
  | 'group-id-dropped'
  | 'delay-unbounded'
  | 'no-move-tasks'
  | 'no-dead-letter-source'
  | 'no-supplementary-characters'
  | 'unknown-receipt-not-in-flight'
  | 'purge-unlimited';

export interface QueueImplementation {
  readonly name: string;
  readonly deviations: readonly Deviation[];
  start(): Promise<RunningQueues>;
}

async function startOurs(): Promise<RunningQueues> {
  const store = openQueueStore({ file: ':memory:' });
  const service = new SqsService({ store });
  const bench = await startServiceBench([service]);
  service.baseUrl = bench.server.url;
  return {
    client: bench.client('sqs'),
    unexpected: bench.unexpected,
    createQueue: async (props) => {
      await store.createQueue(props);
      return service.queueUrl(props.name);
    },
    stop: async () => {
      await bench.close();
      await store.close();
    },
  };
}

async function startSecondJudge(): Promise<RunningQueues> {
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' });
  return {
    client: {
      endpoint: server.address,
      region: 'us-east-1',
      credentials: { accessKeyId: 'operator', secretAccessKey: 'x' },
      maxAttempts: 1,
    },
    unexpected: [],
    createQueue: async (props) => server.createQueue(props.name, { attributes: wireAttributes(props) }).queueUrl,
    stop: () => server.stop(),
  };
}

function wireAttributes(props: QueueProps): Record<string, string> {
  const attributes: Record<string, string> = {
    VisibilityTimeout: String(props.visibilityTimeoutSeconds ?? 30),
    DelaySeconds: String(props.delaySeconds ?? 0),
    MaximumMessageSize: String(props.maxMessageBytes ?? LARGEST_MESSAGE_BYTES),
  };
  if (props.redrive !== undefined) {
    const { deadLetterQueue, maxReceiveCount } = props.redrive;
    attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(deadLetterQueue), maxReceiveCount });
  }
  return attributes;
}

export const implementations: readonly QueueImplementation[] = [
  { name: 'our queues', deviations: [], start: startOurs },
  {
    name: 'fauxqs 2.4.1',
    deviations: [
      'group-id-dropped',
      'delay-unbounded',
      'no-move-tasks',
      'no-dead-letter-source',
      'no-supplementary-characters',
      'unknown-receipt-not-in-flight',
      'purge-unlimited',
    ],
    start: startSecondJudge,
  },
];
