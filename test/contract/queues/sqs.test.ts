import {
  BatchEntryIdsNotDistinct,
  BatchRequestTooLong,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  EmptyBatchRequest,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  InvalidMessageContents,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  type Message,
  MessageNotInflight,
  PurgeQueueCommand,
  PurgeQueueInProgress,
  QueueDoesNotExist,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  TooManyEntriesInBatchRequest,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queueArn } from '../../../local/queues/queue-properties.ts';
import { type Deviation, implementations, type RunningQueues } from './implementations.ts';

// fauxqs puts `AWS.SimpleQueueService.` before it.
const invalidValue = { name: expect.stringMatching(/(^|\.)InvalidParameterValue$/) };

describe.each(implementations)('SQS as $name speaks it', ({ start, deviations }) => {
  let running: RunningQueues;
  let sqs: SQSClient;
  let count = 0;

  /** Left out where the implementation is known not to do as AWS does. */
  const unless = (deviation: Deviation) => (deviations.includes(deviation) ? it.skip : it);
  const createQueue = (props: Partial<Parameters<RunningQueues['createQueue']>[0]> = {}): Promise<string> => {
    count += 1;
    return running.createQueue({ name: `queue-${count}`, ...props });
  };
  const send = (QueueUrl: string, MessageBody: string) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (input: ReceiveMessageCommandInput): Promise<Message[]> =>
    (await sqs.send(new ReceiveMessageCommand({ MessageSystemAttributeNames: ['All'], ...input }))).Messages ?? [];
  const receiveOne = async (input: ReceiveMessageCommandInput): Promise<Message & { ReceiptHandle: string }> => {
    const [message] = await receive(input);
    if (message?.ReceiptHandle === undefined) throw new Error('nothing was received');
    return { ...message, ReceiptHandle: message.ReceiptHandle };
  };
  const countsOf = async (QueueUrl: string) => {
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    return [
      Attributes?.ApproximateNumberOfMessages,
      Attributes?.ApproximateNumberOfMessagesNotVisible,
      Attributes?.ApproximateNumberOfMessagesDelayed,
    ].map(Number);
  };

  beforeAll(async () => {
    running = await start();
    sqs = new SQSClient(running.client);
  });
  afterAll(async () => {
    sqs.destroy();
    await running.stop();
    expect(running.unexpected).toEqual([]);
  });

  describe('a message', () => {
    it('arrives whole, with its attributes and their digests', async () => {
      const QueueUrl = await createQueue();
      const body = 'grüße\n\t{"amount":12345678901234567890}';
      const sent = await sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: body,
          MessageAttributes: {
            zone: { DataType: 'String', StringValue: 'eu' },
            amount: { DataType: 'Number', StringValue: '1.50' },
            raw: { DataType: 'Binary.png', BinaryValue: new Uint8Array([0, 255, 7]) },
          },
        }),
      );
      const message = await receiveOne({ QueueUrl, MessageAttributeNames: ['All'] });
      expect(message.Body).toBe(body);
      expect(message.MessageId).toBe(sent.MessageId);
      expect(message.MessageAttributes?.amount?.StringValue).toBe('1.50');
      expect([...(message.MessageAttributes?.raw?.BinaryValue ?? [])]).toEqual([0, 255, 7]);
      // Both judges must agree with this constant, so neither can be wrong alone.
      expect(sent.MD5OfMessageAttributes).toBe('2a22d92637acbd01cf0544941c3ab374');
      expect(message.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
      expect(message.Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
      expect(Number(message.Attributes?.SentTimestamp)).toBeLessThanOrEqual(
        Number(message.Attributes?.ApproximateFirstReceiveTimestamp),
      );
      expect(message.Attributes?.SenderId).toBeTruthy();
    });

    it('shows only the attributes that are asked for', async () => {
      const QueueUrl = await createQueue();
      await sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: 'a',
          MessageAttributes: {
            'trace.id': { DataType: 'String', StringValue: '1' },
            other: { DataType: 'String', StringValue: '2' },
          },
        }),
      );
      const message = await receiveOne({
        QueueUrl,
        MessageAttributeNames: ['trace.*'],
        MessageSystemAttributeNames: ['SentTimestamp'],
      });
      expect(Object.keys(message.MessageAttributes ?? {})).toEqual(['trace.id']);
      expect(Object.keys(message.Attributes ?? {})).toEqual(['SentTimestamp']);
    });

    unless('no-supplementary-characters')('takes every Unicode plane, and no noncharacter', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'on its way 🚚');
      expect((await receiveOne({ QueueUrl })).Body).toBe('on its way 🚚');
      await expect(send(QueueUrl, 'a\ufffeb')).rejects.toBeInstanceOf(InvalidMessageContents);
    });

    unless('group-id-dropped')('keeps its group', async () => {
      const QueueUrl = await createQueue();
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a', MessageGroupId: 'wh_1' }));
      expect((await receiveOne({ QueueUrl })).Attributes?.MessageGroupId).toBe('wh_1');
    });

    it('is refused when it is too long, or holds characters that SQS does not take', async () => {
      const QueueUrl = await createQueue({ maxMessageBytes: 1_024 });
      await expect(send(QueueUrl, 'x'.repeat(1_025))).rejects.toMatchObject(invalidValue);
      await expect(send(QueueUrl, 'a\u0000b')).rejects.toMatchObject({
        name: expect.stringMatching(/InvalidMessageContents$/),
      });
      await send(QueueUrl, 'x'.repeat(1_024));
      expect(await countsOf(QueueUrl)).toEqual([1, 0, 0]);
    });

    it('waits out its delay', async () => {
      const QueueUrl = await createQueue();
      const before = Date.now();
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'later', DelaySeconds: 1 }));
      expect(await receive({ QueueUrl })).toEqual([]);
      expect(await countsOf(QueueUrl)).toEqual([0, 0, 1]);
      expect((await receiveOne({ QueueUrl, WaitTimeSeconds: 10 })).Body).toBe('later');
      expect(Date.now() - before).toBeGreaterThanOrEqual(990);
    });

    unless('delay-unbounded')('is not delayed by more than 900 s', async () => {
      const QueueUrl = await createQueue();
      const tooLate = new SendMessageCommand({ QueueUrl, MessageBody: 'a', DelaySeconds: 901 });
      await expect(sqs.send(tooLate)).rejects.toMatchObject(invalidValue);
      const negative = new SendMessageCommand({ QueueUrl, MessageBody: 'a', DelaySeconds: -1 });
      await expect(sqs.send(negative)).rejects.toMatchObject(invalidValue);
    });
  });

  describe('a receive', () => {
    it('hides the message until its visibility is over, then gives it another receipt', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'again');
      const first = await receiveOne({ QueueUrl, VisibilityTimeout: 1 });
      expect(await receive({ QueueUrl })).toEqual([]);
      expect(await countsOf(QueueUrl)).toEqual([0, 1, 0]);
      const second = await receiveOne({ QueueUrl, WaitTimeSeconds: 10 });
      expect(second.MessageId).toBe(first.MessageId);
      expect(second.ReceiptHandle).not.toBe(first.ReceiptHandle);
      expect(second.Attributes?.ApproximateReceiveCount).toBe('2');
    });

    it('that waits is woken by a send', async () => {
      const QueueUrl = await createQueue();
      const before = Date.now();
      const waiting = receiveOne({ QueueUrl, WaitTimeSeconds: 20 });
      await send(QueueUrl, 'wake up');
      expect((await waiting).Body).toBe('wake up');
      expect(Date.now() - before).toBeLessThan(5_000);
    });

    it('returns at most what is asked for, oldest first', async () => {
      const QueueUrl = await createQueue();
      for (const body of ['1', '2', '3', '4']) await send(QueueUrl, body);
      expect((await receive({ QueueUrl, MaxNumberOfMessages: 3 })).map(({ Body }) => Body)).toEqual(['1', '2', '3']);
      expect((await receive({ QueueUrl, MaxNumberOfMessages: 10 })).map(({ Body }) => Body)).toEqual(['4']);
    });

    it.each([
      { MaxNumberOfMessages: 11 },
      { MaxNumberOfMessages: 0 },
      { WaitTimeSeconds: 21 },
      { VisibilityTimeout: 43_201 },
    ])('with %o is refused', async (input) => {
      const QueueUrl = await createQueue();
      await expect(receive({ QueueUrl, ...input })).rejects.toMatchObject(invalidValue);
    });
  });

  describe('a receipt', () => {
    it('deletes its message for good', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'a');
      const { ReceiptHandle } = await receiveOne({ QueueUrl, VisibilityTimeout: 0 });
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      expect(await countsOf(QueueUrl)).toEqual([0, 0, 0]);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    });

    it('of an earlier receive succeeds and deletes nothing', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'a');
      const first = await receiveOne({ QueueUrl, VisibilityTimeout: 0 });
      const second = await receiveOne({ QueueUrl });
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first.ReceiptHandle }));
      expect(await countsOf(QueueUrl)).toEqual([0, 1, 0]);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second.ReceiptHandle }));
      expect(await countsOf(QueueUrl)).toEqual([0, 0, 0]);
    });

    it('changes the visibility, down to at once', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'a');
      const { ReceiptHandle } = await receiveOne({ QueueUrl });
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 600 }));
      expect(await countsOf(QueueUrl)).toEqual([0, 1, 0]);
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
      expect((await receiveOne({ QueueUrl })).Attributes?.ApproximateReceiveCount).toBe('2');
    });

    it('cannot hide a message that is visible again', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'a');
      const { ReceiptHandle } = await receiveOne({ QueueUrl });
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
      const late = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 5 });
      await expect(sqs.send(late)).rejects.toBeInstanceOf(MessageNotInflight);
    });

    it('does not hide for more than 43,200 s', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'a');
      const { ReceiptHandle } = await receiveOne({ QueueUrl });
      const tooLong = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 43_201 });
      await expect(sqs.send(tooLong)).rejects.toMatchObject(invalidValue);
    });
  });

  describe('a batch', () => {
    const entries = (size: number) => Array.from({ length: size }, (_, n) => ({ Id: `e${n}`, MessageBody: `${n}` }));

    it('sends, hides and deletes ten at once', async () => {
      const QueueUrl = await createQueue();
      const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: entries(10) }));
      expect(sent.Successful?.map(({ Id }) => Id)).toEqual(entries(10).map(({ Id }) => Id));
      const received = await receive({ QueueUrl, MaxNumberOfMessages: 10 });
      expect(received.map(({ Body }) => Body)).toEqual(entries(10).map(({ MessageBody }) => MessageBody));
      const receipts = received.map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle }));
      const hidden = await sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl,
          Entries: receipts.map((receipt) => ({ ...receipt, VisibilityTimeout: 900 })),
        }),
      );
      expect(hidden.Successful).toHaveLength(10);
      const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: receipts }));
      expect(deleted.Successful).toHaveLength(10);
      expect(await countsOf(QueueUrl)).toEqual([0, 0, 0]);
    });

    it('fails entry by entry', async () => {
      const QueueUrl = await createQueue({ maxMessageBytes: 1_024 });
      const Entries = [
        { Id: 'good', MessageBody: 'good' },
        { Id: 'long', MessageBody: 'x'.repeat(1_025) },
      ];
      const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      expect(sent.Successful?.map(({ Id }) => Id)).toEqual(['good']);
      expect(sent.Failed).toMatchObject([{ Id: 'long', SenderFault: true, Code: 'InvalidParameterValue' }]);
    });

    it('is refused as a whole when it is empty, too long, too large, or names two alike', async () => {
      const QueueUrl = await createQueue();
      const batch = (Entries: { Id: string; MessageBody: string }[]) =>
        sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      await expect(batch([])).rejects.toBeInstanceOf(EmptyBatchRequest);
      await expect(batch(entries(11))).rejects.toBeInstanceOf(TooManyEntriesInBatchRequest);
      await expect(batch([...entries(1), ...entries(1)])).rejects.toBeInstanceOf(BatchEntryIdsNotDistinct);
      const half = 'x'.repeat(524_289);
      await expect(
        batch([
          { Id: 'a', MessageBody: half },
          { Id: 'b', MessageBody: half },
        ]),
      ).rejects.toBeInstanceOf(BatchRequestTooLong);
      expect(await countsOf(QueueUrl)).toEqual([0, 0, 0]);
    });
  });

  describe('a queue', () => {
    it('is found by its name', async () => {
      const QueueUrl = await createQueue({ name: 'findable-1' });
      expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'findable-1' }))).QueueUrl).toBe(QueueUrl);
      expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'findable' }))).QueueUrls).toEqual([QueueUrl]);
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
      expect(Attributes).toEqual({ QueueArn: queueArn('findable-1') });
    });

    it('that does not exist is named as such', async () => {
      const QueueUrl = (await createQueue()).replace(/[^/]+$/, 'nobody-made-it');
      await expect(send(QueueUrl, 'a')).rejects.toBeInstanceOf(QueueDoesNotExist);
      await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'nobody' }))).rejects.toBeInstanceOf(QueueDoesNotExist);
    });

    it('is emptied by a purge', async () => {
      const QueueUrl = await createQueue();
      await send(QueueUrl, 'ready');
      await send(QueueUrl, 'in flight');
      await receiveOne({ QueueUrl });
      await sqs.send(new PurgeQueueCommand({ QueueUrl }));
      expect(await countsOf(QueueUrl)).toEqual([0, 0, 0]);
    });

    unless('purge-unlimited')('is purged at most once a minute', async () => {
      const QueueUrl = await createQueue();
      await sqs.send(new PurgeQueueCommand({ QueueUrl }));
      await expect(sqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toBeInstanceOf(PurgeQueueInProgress);
    });

    it('gives up a message at the receive after maxReceiveCount, not before', async () => {
      const dead = await createQueue({ name: 'dead-1' });
      const QueueUrl = await createQueue({ redrive: { deadLetterQueue: 'dead-1', maxReceiveCount: 2 } });
      await send(QueueUrl, 'poison');
      const { MessageId } = await receiveOne({ QueueUrl, VisibilityTimeout: 0 });
      await receiveOne({ QueueUrl, VisibilityTimeout: 0 });
      expect(await countsOf(dead)).toEqual([0, 0, 0]);
      expect(await receive({ QueueUrl })).toEqual([]);
      expect(await countsOf(QueueUrl)).toEqual([0, 0, 0]);
      expect(await receiveOne({ QueueUrl: dead })).toMatchObject({ MessageId, Body: 'poison' });
    });

    unless('no-dead-letter-source')('is named on the messages that it gave up', async () => {
      const dead = await createQueue({ name: 'dead-2' });
      const QueueUrl = await createQueue({
        name: 'source-2',
        redrive: { deadLetterQueue: 'dead-2', maxReceiveCount: 1 },
      });
      await send(QueueUrl, 'poison');
      await receiveOne({ QueueUrl, VisibilityTimeout: 0 });
      await receive({ QueueUrl });
      const message = await receiveOne({ QueueUrl: dead });
      expect(message.Attributes?.DeadLetterQueueSourceArn).toBe(queueArn('source-2'));
    });

    unless('no-move-tasks')('gets its messages back from the dead letters', async () => {
      const dead = await createQueue({ name: 'dead-3' });
      const QueueUrl = await createQueue({
        name: 'source-3',
        redrive: { deadLetterQueue: 'dead-3', maxReceiveCount: 1 },
      });
      await send(QueueUrl, 'poison');
      const first = await receiveOne({ QueueUrl, VisibilityTimeout: 0 });
      await receive({ QueueUrl });
      const SourceArn = queueArn('dead-3');
      const task = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
      expect(task.TaskHandle).toBeTruthy();
      const back = await receiveOne({ QueueUrl, WaitTimeSeconds: 10 });
      expect(back).toMatchObject({ Body: 'poison', Attributes: { ApproximateReceiveCount: '1' } });
      expect(back.MessageId).not.toBe(first.MessageId);
      const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }));
      expect(Results).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1, SourceArn }]);
      expect(await countsOf(dead)).toEqual([0, 0, 0]);
    });
  });

  unless('unknown-receipt-not-in-flight')('a receipt that nobody gave out is invalid', async () => {
    const QueueUrl = await createQueue();
    const made = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: 'made-up', VisibilityTimeout: 1 });
    await expect(sqs.send(made)).rejects.toBeInstanceOf(ReceiptHandleIsInvalid);
  });
});
