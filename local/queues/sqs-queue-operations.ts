/** GetQueueUrl, ListQueues, GetQueueAttributes, PurgeQueue. */
import { LOCAL_ACCOUNT, LOCAL_REGION, ServiceError } from '../services/service.ts';
import { inRange, queueArn } from './queue-properties.ts';
import { queueAt, type SqsCall } from './sqs-call.ts';
import { wireQueueAttributes } from './sqs-queue-attributes.ts';
import { parseRequest, sqsRequest } from './sqs-request.ts';

// "Only one PurgeQueue operation in progress is allowed every 60 seconds". Source: SQS API Reference, PurgeQueue.
const PURGE_EVERY_MS = 60_000;
const MOST_LISTED = 1_000;

export async function getQueueUrl(call: SqsCall): Promise<unknown> {
  const { QueueName: name } = parseRequest(sqsRequest.GetQueueUrl, call.request.body);
  call.request.authorize('sqs:GetQueueUrl', queueArn(name));
  call.store.describe(name);
  return { QueueUrl: call.urlOf(name) };
}

/** Without MaxResults, as in AWS, at most 1,000 and no NextToken. Source: SQS API Reference, ListQueues. */
export async function listQueues(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.ListQueues, call.request.body);
  call.request.authorize('sqs:ListQueues', `arn:aws:sqs:${LOCAL_REGION}:${LOCAL_ACCOUNT}:*`);
  const most = inRange('MaxResults', input.MaxResults ?? MOST_LISTED, 1, MOST_LISTED);
  const after = input.NextToken === undefined ? '' : Buffer.from(input.NextToken, 'base64').toString();
  const names = call.store.queueNames().filter((name) => name.startsWith(input.QueueNamePrefix ?? '') && name > after);
  const page = names.slice(0, most);
  const last = page.at(-1);
  const hasMore = input.MaxResults !== undefined && names.length > page.length && last !== undefined;
  return {
    QueueUrls: page.length === 0 ? undefined : page.map(call.urlOf),
    NextToken: hasMore ? Buffer.from(last).toString('base64') : undefined,
  };
}

export async function getQueueAttributes(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.GetQueueAttributes, call.request.body);
  const name = queueAt(call, input.QueueUrl, 'sqs:GetQueueAttributes');
  if (input.AttributeNames.length === 0) return {};
  return { Attributes: wireQueueAttributes(call.store.describe(name), call.store.counts(name), input.AttributeNames) };
}

/** @param purgedAtMs when each queue was purged last. */
export async function purgeQueue(call: SqsCall, purgedAtMs: Map<string, number>): Promise<unknown> {
  const input = parseRequest(sqsRequest.PurgeQueue, call.request.body);
  const name = queueAt(call, input.QueueUrl, 'sqs:PurgeQueue');
  const now = performance.now();
  if (now < (purgedAtMs.get(name) ?? Number.NEGATIVE_INFINITY) + PURGE_EVERY_MS) {
    const message = `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`;
    throw new ServiceError('PurgeQueueInProgress', message, 403);
  }
  purgedAtMs.set(name, now);
  await call.store.purge(name);
  return {};
}
