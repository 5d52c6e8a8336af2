/** StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask. */

import type { MoveTask } from './move-task.ts';
import { invalidValue } from './queue-error.ts';
import { inRange, queueArn, queueNameOfArn } from './queue-properties.ts';
import { queueNamed, type SqsCall } from './sqs-call.ts';
import { parseRequest, sqsRequest } from './sqs-request.ts';

/**
 * The caller needs the rights of what the task does in its name, on the source and on every destination.
 * Source: SQS Developer Guide, "Configure dead-letter queue redrive permissions".
 */
export async function startMessageMoveTask(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.StartMessageMoveTask, call.request.body);
  const source = queueNamed('SourceArn', input.SourceArn);
  const destination =
    input.DestinationArn === undefined ? undefined : queueNamed('DestinationArn', input.DestinationArn);
  for (const action of ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
    call.request.authorize(`sqs:${action}`, input.SourceArn);
  }
  for (const name of destination === undefined ? sourcesOf(call, source) : [destination]) {
    call.request.authorize('sqs:SendMessage', queueArn(name));
  }
  const ratePerSecond = input.MaxNumberOfMessagesPerSecond;
  return { TaskHandle: await call.store.moves.start({ source, destination, ratePerSecond }) };
}

/** One task without MaxResults, at most ten. */
export async function listMessageMoveTasks(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.ListMessageMoveTasks, call.request.body);
  const source = queueNamed('SourceArn', input.SourceArn);
  call.request.authorize('sqs:ListMessageMoveTasks', input.SourceArn);
  const most = inRange('MaxResults', input.MaxResults ?? 1, 1, 10);
  return { Results: call.store.moves.list(source).slice(0, most).map(wireTask) };
}

export async function cancelMessageMoveTask(call: SqsCall): Promise<unknown> {
  const input = parseRequest(sqsRequest.CancelMessageMoveTask, call.request.body);
  call.request.authorize('sqs:CancelMessageMoveTask', sourceArnOf(input.TaskHandle));
  const task = await call.store.moves.cancel(input.TaskHandle);
  return { ApproximateNumberOfMessagesMoved: task.moved };
}

function sourcesOf(call: SqsCall, deadLetterQueue: string): readonly string[] {
  const { store } = call;
  return store.queueNames().filter((name) => {
    return store.describe(name).settings.redrive?.deadLetterQueue === deadLetterQueue;
  });
}

/** A handle names its source, as AWS's does. */
function sourceArnOf(handle: string): string {
  const arn = /"sourceArn":"([^"]+)"/.exec(Buffer.from(handle, 'base64').toString())?.[1];
  if (arn === undefined || queueNameOfArn(arn) === undefined) {
    throw invalidValue('TaskHandle', handle, 'It is not the handle of a task.');
  }
  return arn;
}

function wireTask(task: MoveTask): unknown {
  return {
    // Only a running task can be cancelled, and only it has a handle in the answer.
    TaskHandle: task.status === 'RUNNING' ? task.handle : undefined,
    Status: task.status,
    SourceArn: queueArn(task.source),
    DestinationArn: task.destination === undefined ? undefined : queueArn(task.destination),
    MaxNumberOfMessagesPerSecond: task.ratePerSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failureReason,
    StartedTimestamp: task.startedAtMs,
  };
}
