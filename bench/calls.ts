import { LambdaClient, ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import autocannon from 'autocannon';
import type { EngineProcess } from './engine-process.ts';
import type { Sink } from './sink-process.ts';
import { allArrived } from './throughput.ts';
import { eventBody, WEBHOOKS } from './workload.ts';

export interface Calls {
  readonly deliveries: number;
  /** Calls of the Data API by fan-out and deliver, per delivery. */
  readonly dataApiPerDelivery: number;
  /** Requests to SQS by fan-out, deliver, and the pollers in front of them, per delivery. */
  readonly sqsPerDelivery: number;
}

export interface CallsProps {
  readonly engine: EngineProcess;
  readonly token: string;
  readonly sink: Sink;
}

const EVENTS = 500;
const OPERATOR = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
};

/**
 * What a delivery asks of AWS when batches are full: the consumers are paused while events gather, first both and then
 * deliver alone. Each event goes to one webhook, so that events and deliveries are equally many.
 */
export async function measureCalls({ engine, token, sink }: CallsProps): Promise<Calls> {
  await sink.reset();
  await switchMappings(engine, () => false);
  await publish(engine.url, token);
  const before = await callsOf(engine.url);
  await switchMappings(engine, (functionArn) => functionArn.endsWith('FanOut'));
  await gathered(engine);
  await switchMappings(engine, () => true);
  await allArrived(sink, EVENTS);
  const after = await settled(engine.url);
  const perDelivery = (pattern: RegExp): number => (sum(after, pattern) - sum(before, pattern)) / EVENTS;
  return {
    deliveries: EVENTS,
    dataApiPerDelivery: perDelivery(/^(FanOut|Deliver) rds-data:/),
    sqsPerDelivery: perDelivery(/^(FanOut|Deliver|poller of .*) sqs:/),
  };
}

async function switchMappings(engine: EngineProcess, isEnabled: (functionArn: string) => boolean): Promise<void> {
  const lambda = new LambdaClient({ ...OPERATOR, endpoint: engine.endpoints.lambda ?? '' });
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  for (const { UUID, FunctionArn = '' } of EventSourceMappings) {
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: isEnabled(FunctionArn) }));
  }
}

async function publish(url: string, token: string): Promise<void> {
  const result = await autocannon({
    url: `${url}/v1/events`,
    connections: 10,
    amount: EVENTS,
    requests: Array.from({ length: WEBHOOKS }, (_, index) => ({
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: eventBody(index),
    })),
  });
  if (result['2xx'] !== EVENTS) throw new Error(`${result['2xx']} of ${EVENTS} events were accepted`);
}

/** Until all deliveries wait in their queue. */
async function gathered(engine: EngineProcess): Promise<void> {
  const sqs = new SQSClient({ ...OPERATOR, endpoint: engine.endpoints.sqs ?? '', useQueueUrlAsEndpoint: false });
  const command = new GetQueueAttributesCommand({
    QueueUrl: engine.outputs.DeliveriesQueueUrl,
    AttributeNames: ['ApproximateNumberOfMessages'],
  });
  for (;;) {
    const { Attributes = {} } = await sqs.send(command);
    if (Number(Attributes.ApproximateNumberOfMessages) >= EVENTS) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

type Counts = Readonly<Record<string, number>>;

async function callsOf(url: string): Promise<Counts> {
  return (await (await fetch(`${url}/_local/calls`)).json()) as Counts;
}

const QUIET_MS = 1_000;

/** The counts once they stand still: results are written and messages deleted after the last arrival. */
async function settled(url: string): Promise<Counts> {
  for (let known = await callsOf(url); ; ) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const counts = await callsOf(url);
    if (sum(counts, /^Deliver|^poller/) === sum(known, /^Deliver|^poller/)) return counts;
    known = counts;
  }
}

function sum(counts: Counts, pattern: RegExp): number {
  return Object.entries(counts).reduce((total, [name, count]) => total + (pattern.test(name) ? count : 0), 0);
}
