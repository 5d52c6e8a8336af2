/** Which of the roles' rights a stack at work really uses: the engine puts every AWS call to the role of its function. */
import { randomBytes, randomUUID } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliveryId } from '../../lambdas/domain/ids/delivery-id.ts';
import { newEventUuid } from '../../lambdas/domain/ids/event-uuid.ts';
import type { Decision } from '../../local/services/authorizer.ts';
import { type EngineProcess, startEngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { answer, hang } from '../support/receivers/behaviours.ts';
import { type Receiver, startReceiver } from '../support/receivers/receiver.ts';
import { CALLS } from '../synth/checks/calls-of-functions.ts';
import { Account } from './account.ts';
import { Operator } from './operator.ts';

/** Rights that this story does not come to use, and where they are used instead. */
const USED_ELSEWHERE: ReadonlySet<string> = new Set([
  // A fault of the database or the bus: test/integration/fan-out, dead-letter.
  'FanOut: sqs:ChangeMessageVisibility on EventsQueue',
  'DeadLetter: sqs:ChangeMessageVisibility on DeadLettersQueue',
  // A message that comes too early on the first lane: test/integration/deliver.
  'Deliver: sqs:ChangeMessageVisibility on DeliveriesQueue',
  // A migration that fails: test/integration/migrations.
  'Migrate: rds-data:RollbackTransaction on DatabaseCluster',
  // A marker whose minute is over, and a dead letter that nobody announced for 15 minutes: test/integration/sweeper.
  'Sweeper: s3:DeleteObject on ControlBucket/due/2026-02-03T04:05',
  'Sweeper: sqs:SendMessage on DeadLettersQueue',
]);
/** What the scheduler and the framework of the custom resource call is theirs, not a function's. */
const FUNCTIONS = Object.keys(CALLS).filter((caller) => !/Schedule$|Provider/.test(caller));

let engine: EngineProcess;
let account: Account;
let operator: Operator;
let sqs: SQSClient;
let receivers: Receiver[];
let decisions: readonly Decision[];

beforeAll(async () => {
  engine = await startEngineProcess({
    context: { retryScheduleSeconds: '0.2,0.2', sweepSeconds: '1', deliveryTimeoutSeconds: '2' },
  });
  account = await Account.login(engine);
  operator = new Operator(engine);
  sqs = new SQSClient({ ...client(engine.endpoints.sqs), useQueueUrlAsEndpoint: false });
  receivers = [await startReceiver(answer(200)), await startReceiver(answer(500)), await startReceiver(hang)];
  await deliverAndRetry();
  await fanOutTwice();
  await giveUp();
  await expireOne();
  await account.request('GET', '/ready');
  await account.request('GET', '/ready?deep');
  await invoke('Daily');
  decisions = (await (await fetch(`${engine.url}/_local/decisions`)).json()) as Decision[];
}, 120_000);

afterAll(async () => {
  sqs.destroy();
  operator.close();
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await engine.stop();
});

function client(endpoint: string) {
  return { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' } };
}

async function invoke(name: string): Promise<void> {
  const lambda = new LambdaClient(client(engine.endpoints.lambda));
  const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: name }));
  lambda.destroy();
  expect(FunctionError).toBeUndefined();
}

/** One that arrives, one that becomes a dead letter, both once more by hand; one on hold and released. */
async function deliverAndRetry(): Promise<void> {
  const [ok, failing] = receivers;
  const webhook = await account.webhook({ url: ok?.url, events: ['ok'] });
  await account.webhook({ url: failing?.url, events: ['failing'] });
  await account.publish({ type: 'ok', data: {} });
  await account.publish({ type: 'failing', data: {} });
  const ended = await account.allEnded(2);
  for (const { deliveryId: id } of ended) await account.expect(202, 'POST', `/v1/deliveries/${id}/retry`);
  await account.change(webhook.webhookId, { mode: 'hold' });
  await account.publish({ type: 'ok', data: { held: true } });
  await account.until((all) => all.some(({ status }) => status === 'held'));
  await account.change(webhook.webhookId, { mode: 'deliver' });
  await account.until((all) => all.every(({ status }) => status === 'delivered' || status === 'dead_letter'));
}

/** The bus may give an event twice: the second fan-out finds a delivery that is on its way. */
async function fanOutTwice(): Promise<void> {
  const { webhookId } = await account.webhook({ url: receivers[2]?.url, events: ['slow'] });
  const acceptedAt = Date.now();
  const eventUuid = newEventUuid(acceptedAt, randomBytes(16));
  const event = { eventUuid, accountId: account.accountId, type: 'slow', acceptedAt, payload: '{}' };
  const body = { id: randomUUID(), source: 'tidegate.api', 'detail-type': 'slow', detail: { events: [event] } };
  const send = () => sendTo('EventsQueueUrl', body);
  await send();
  const id = deliveryId(eventUuid, webhookId);
  await eventually(async () => (await rowsOf(id)).length === 1);
  await send();
  await eventually(async () => (await operator.depth('Events')).visible === 0);
  await account.until(
    (all) => all.some((delivery) => delivery.deliveryId === id && delivery.status === 'dead_letter'),
    30_000,
  );
}

/** What SQS redrives by itself after 1,000 receives is parked again. */
async function giveUp(): Promise<void> {
  await sendTo('DeadLettersQueueUrl', { v: 1, kind: 'deliver', deliveryId: randomUUID(), generation: 0, hops: 0 });
  await eventually(async () => {
    const { visible, inFlight } = await operator.depth('DeadLetters');
    return visible + inFlight === 0;
  });
}

/** Before a delivery expires, the sweeper looks whether messages still wait. */
async function expireOne(): Promise<void> {
  const id = (await account.deliveries()).at(0)?.deliveryId;
  await operator.rows(
    `UPDATE hook.deliveries SET status = 'PENDING', attempts = 0, carrier = 'retries', claimed_until = NULL,
            next_retry_at = now() + interval '1 hour', expires_at = now() - interval '1 day',
            last_call_at = now() - interval '1 day', last_activity_at = now() - interval '1 day'
      WHERE delivery_id = $1`,
    [id],
  );
  await eventually(async () => (await rowsOf(id)).at(0)?.status === 'FAILED', 20_000);
}

const rowsOf = (id: string | undefined) =>
  operator.rows<{ status: string }>('SELECT status FROM hook.deliveries WHERE delivery_id = $1', [id]);

async function sendTo(queue: 'EventsQueueUrl' | 'DeadLettersQueueUrl', body: unknown): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: engine.outputs[queue], MessageBody: JSON.stringify(body) }));
}

/** Queues are told apart; of everything else a stack has one. */
function isUsed(caller: string, call: string): boolean {
  const [action, resource = ''] = call.split(' on ');
  return decisions.some(
    (decision) =>
      decision.principal === caller &&
      decision.action === action &&
      (!resource.endsWith('Queue') || decision.resource.endsWith(resource)),
  );
}

describe('the rights of the functions', () => {
  it('allow every call that was made', () => {
    const denied = decisions.filter(({ allowed, principal }) => !allowed && principal !== 'operator');
    expect(denied).toEqual([]);
  });

  it('are all used, here or where it is said', () => {
    const unused = FUNCTIONS.flatMap((caller) =>
      (CALLS[caller] ?? []).filter((call) => !isUsed(caller, call)).map((call) => `${caller}: ${call}`),
    );
    const rights = FUNCTIONS.reduce((sum, caller) => sum + (CALLS[caller]?.length ?? 0), 0);
    console.info(`rights of functions used by a stack at work: ${rights - unused.length} of ${rights}`);
    expect(unused.filter((right) => !USED_ELSEWHERE.has(right))).toEqual([]);
  });
});
