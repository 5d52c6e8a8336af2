/** What concerns our service alone: permissions, drills, and what it says to clients of the older protocol. */

import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { queueArn } from '../../../local/queues/queue-properties.ts';
import { openQueueStore, type QueueStore } from '../../../local/queues/queue-store.ts';
import type { EntryFault } from '../../../local/queues/sqs-call.ts';
import { SqsService } from '../../../local/queues/sqs-service.ts';
import type { Authorizer } from '../../../local/services/authorizer.ts';
import { ServiceError } from '../../../local/services/service.ts';
import { type ServiceBench, startServiceBench } from '../service-bench.ts';

describe('SQS service', () => {
  const asked: string[] = [];
  let granted: (action: string) => boolean;
  let entryFault: EntryFault;
  let store: QueueStore;
  let bench: ServiceBench;
  let sqs: SQSClient;
  let QueueUrl: string;

  const authorizer: Authorizer = Object.assign(
    (principal: string, action: string, resource: string) => {
      asked.push(`${principal} ${action} ${resource.split(':').at(-1)}`);
      if (!granted(action)) throw new ServiceError('AccessDenied', `${principal} may not ${action}`, 403);
    },
    { seen: () => [] },
  );

  beforeEach(async () => {
    asked.length = 0;
    granted = () => true;
    entryFault = () => undefined;
    store = openQueueStore({ file: ':memory:' });
    const service = new SqsService({ store, entryFault: (queue, entry) => entryFault(queue, entry) });
    bench = await startServiceBench([service], authorizer);
    service.baseUrl = bench.server.url;
    QueueUrl = service.queueUrl('work');
    await store.createQueue({ name: 'dead' });
    await store.createQueue({ name: 'work', redrive: { deadLetterQueue: 'dead', maxReceiveCount: 3 } });
    sqs = new SQSClient(bench.client('sqs', 'DeliverFunction'));
  });
  afterEach(async () => {
    sqs.destroy();
    await bench.close();
    await store.close();
    expect(bench.unexpected).toEqual([]);
  });

  it('asks for the actions that AWS has, batches for the single one', async () => {
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'a' }] }));
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const receipt = { Id: 'a', ReceiptHandle: Messages[0]?.ReceiptHandle };
    const Entries = [{ ...receipt, VisibilityTimeout: 60 }];
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: [receipt] }));
    await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(asked).toEqual([
      'DeliverFunction sqs:SendMessage work',
      'DeliverFunction sqs:ReceiveMessage work',
      'DeliverFunction sqs:ChangeMessageVisibility work',
      'DeliverFunction sqs:DeleteMessage work',
      'DeliverFunction sqs:GetQueueAttributes work',
    ]);
  });

  it('asks for a redrive on both ends', async () => {
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: queueArn('dead') }));
    expect(asked).toEqual([
      'DeliverFunction sqs:StartMessageMoveTask dead',
      'DeliverFunction sqs:ReceiveMessage dead',
      'DeliverFunction sqs:DeleteMessage dead',
      'DeliverFunction sqs:GetQueueAttributes dead',
      'DeliverFunction sqs:SendMessage work',
    ]);
  });

  it('does nothing without the grant', async () => {
    granted = (action) => action !== 'sqs:SendMessage';
    const sent = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }));
    await expect(sent).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    expect(store.counts('work').visible).toBe(0);
  });

  it('fails the entries that a drill names, and keeps the others', async () => {
    entryFault = (queue, entry) => (queue === 'work' && entry.body === 'b' ? 'InternalError' : undefined);
    const Entries = ['a', 'b', 'c'].map((body) => ({ Id: body, MessageBody: body }));
    const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(Successful?.map(({ Id }) => Id)).toEqual(['a', 'c']);
    expect(Failed).toMatchObject([{ Id: 'b', Code: 'InternalError', SenderFault: false }]);
    expect(store.counts('work').visible).toBe(2);
  });

  it('names errors in both protocols', async () => {
    const command = new SendMessageCommand({ QueueUrl: QueueUrl.replace('work', 'nobody'), MessageBody: 'a' });
    await expect(sqs.send(command)).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      Error: { Code: 'AWS.SimpleQueueService.NonExistentQueue', Type: 'Sender' },
    });
  });

  it('names the sender to the receiver', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }));
    const command = new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['SenderId'] });
    const { Messages } = await sqs.send(command);
    expect(Messages?.[0]?.Attributes).toEqual({ SenderId: 'DeliverFunction' });
  });

  it('lists page by page', async () => {
    const first = await sqs.send(new ListQueuesCommand({ MaxResults: 1 }));
    expect(first.QueueUrls).toEqual([QueueUrl.replace('work', 'dead')]);
    const second = await sqs.send(new ListQueuesCommand({ MaxResults: 1, NextToken: first.NextToken }));
    expect(second).toMatchObject({ QueueUrls: [QueueUrl] });
    expect(second.NextToken).toBeUndefined();
  });

  it('refuses what it would lose: system attributes, deduplication ids', async () => {
    const traced = new SendMessageCommand({
      QueueUrl,
      MessageBody: 'a',
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1' } },
    });
    await expect(sqs.send(traced)).rejects.toMatchObject({ name: 'UnsupportedOperation' });
    const fifo = new SendMessageCommand({ QueueUrl, MessageBody: 'a', MessageDeduplicationId: 'a' });
    await expect(sqs.send(fifo)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it.each([
    ['SendMessage', '{"MessageBody":"a"}', 'MissingParameter'],
    ['SendMessage', 'not json', 'SerializationException'],
    ['SendMessage', '{"QueueUrl":"x","MessageBody":7}', 'InvalidParameterValue'],
    ['CreateFleet', '{}', 'InvalidAction'],
  ])('answers a malformed %s with %s by %s', async (action, body, code) => {
    const response = await fetch(`${bench.server.url}/sqs/`, {
      method: 'POST',
      body,
      headers: { 'x-amz-target': `AmazonSQS.${action}`, authorization: 'AWS4-HMAC-SHA256 Credential=operator/x' },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: `com.amazonaws.sqs#${code}` });
  });
});
