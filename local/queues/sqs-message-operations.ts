/**
 * SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility and their batches. The batches ask for the single
 * action's permission: IAM has none of their own. Source: Service Authorization Reference, "Amazon SQS".
 */
import { ServiceError } from '../services/service.ts';
import type { DeleteEntry, EntryOutcome, OutgoingEntry, SendOutcome, VisibilityEntry } from './message.ts';
import { attributesMd5, bodyMd5 } from './message-digest.ts';
import { checkBatchIds } from './message-limits.ts';
import { queueAt, type SqsCall } from './sqs-call.ts';
import { wireMessage } from './sqs-message.ts';
import { outgoingMessage, parseRequest, sqsRequest } from './sqs-request.ts';

export async function sendMessage(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.SendMessage, call.request.body);
  const queue = queueAt(call, input.QueueUrl, 'sqs:SendMessage');
  const message = outgoingMessage(input, call.request.principal);
  const messageId = await call.store.send(queue, message);
  return {
    MessageId: messageId,
    MD5OfMessageBody: bodyMd5(message.body),
    MD5OfMessageAttributes: attributesMd5(message.attributes),
  };
}

export async function sendMessageBatch(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.SendMessageBatch, call.request.body);
  const queue = queueAt(call, input.QueueUrl, 'sqs:SendMessage');
  const entries = input.Entries.map((wire) => ({ id: wire.Id, ...outgoingMessage(wire, call.request.principal) }));
  checkBatchIds(entries);
  const { faulted, taken } = applyFaults(call, queue, entries);
  const outcomes = taken.length === 0 ? [] : await call.store.sendBatch(queue, taken);
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  return {
    Successful: outcomes.flatMap((outcome) => (outcome.isSent ? [sentEntry(outcome, byId.get(outcome.id))] : [])),
    Failed: [...faulted, ...outcomes.flatMap((outcome) => (outcome.isSent ? [] : [failedEntry(outcome, true)]))],
  };
}

export async function receiveMessage(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.ReceiveMessage, call.request.body);
  const queue = queueAt(call, input.QueueUrl, 'sqs:ReceiveMessage');
  const messages = await call.store.receive({
    queue,
    max: input.MaxNumberOfMessages,
    visibilityTimeoutSeconds: input.VisibilityTimeout,
    waitMs: input.WaitTimeSeconds === undefined ? undefined : input.WaitTimeSeconds * 1_000,
  });
  if (messages.length === 0) return {};
  const wanted = {
    system: [...input.AttributeNames, ...input.MessageSystemAttributeNames],
    own: input.MessageAttributeNames,
  };
  return { Messages: messages.map((message) => wireMessage(message, wanted)) };
}

export async function deleteMessage(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.DeleteMessage, call.request.body);
  const queue = queueAt(call, input.QueueUrl, 'sqs:DeleteMessage');
  return single(await call.store.deleteBatch(queue, [{ id: 'single', receiptHandle: input.ReceiptHandle }]));
}

export async function deleteMessageBatch(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.DeleteMessageBatch, call.request.body);
  const queue = queueAt(call, input.QueueUrl, 'sqs:DeleteMessage');
  const entries: DeleteEntry[] = input.Entries.map((wire) => ({ id: wire.Id, receiptHandle: wire.ReceiptHandle }));
  return batch(await call.store.deleteBatch(queue, entries));
}

export async function changeMessageVisibility(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.ChangeMessageVisibility, call.request.body);
  const queue = queueAt(call, input.QueueUrl, 'sqs:ChangeMessageVisibility');
  return single(await call.store.changeVisibilityBatch(queue, [visibilityEntry({ Id: 'single', ...input })]));
}

export async function changeMessageVisibilityBatch(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.ChangeMessageVisibilityBatch, call.request.body);
  const queue = queueAt(call, input.QueueUrl, 'sqs:ChangeMessageVisibility');
  return batch(await call.store.changeVisibilityBatch(queue, input.Entries.map(visibilityEntry)));
}

function applyFaults(call: SqsCall, queue: string, entries: readonly OutgoingEntry[]) {
  const faulted: unknown[] = [];
  const taken = entries.filter((entry) => {
    const code = call.entryFault?.(queue, entry);
    if (code === undefined) return true;
    faulted.push(failedEntry({ id: entry.id, code, message: 'This entry failed (drill).' }, false));
    return false;
  });
  return { faulted, taken };
}

function sentEntry(outcome: SendOutcome & { readonly isSent: true }, entry: OutgoingEntry | undefined) {
  return {
    Id: outcome.id,
    MessageId: outcome.messageId,
    MD5OfMessageBody: entry === undefined ? undefined : bodyMd5(entry.body),
    MD5OfMessageAttributes: attributesMd5(entry?.attributes),
  };
}

interface Failure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

function failedEntry({ id, code, message }: Failure, isSenderFault: boolean) {
  return { Id: id, SenderFault: isSenderFault, Code: code, Message: message };
}

function visibilityEntry(wire: {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout: number;
}): VisibilityEntry {
  return { id: wire.Id, receiptHandle: wire.ReceiptHandle, visibilityTimeoutSeconds: wire.VisibilityTimeout };
}

function batch(outcomes: readonly EntryOutcome[]): unknown {
  return {
    Successful: outcomes.flatMap((outcome) => (outcome.isDone ? [{ Id: outcome.id }] : [])),
    Failed: outcomes.flatMap((outcome) => (outcome.isDone ? [] : [failedEntry(outcome, true)])),
  };
}

function single([outcome]: readonly EntryOutcome[]): unknown {
  if (outcome?.isDone === false) {
    throw new ServiceError(outcome.code, outcome.message, outcome.code === 'ReceiptHandleIsInvalid' ? 404 : 400);
  }
  return {};
}
