/** What every operation on the wire gets: the store, the caller, and the way from a queue's URL or ARN to its name. */
import type { ServiceRequest } from '../services/service.ts';
import type { OutgoingEntry } from './message.ts';
import { invalidValue, queueDoesNotExist } from './queue-error.ts';
import { queueArn, queueNameOfArn } from './queue-properties.ts';
import type { QueueStore } from './queue-store.ts';

/**
 * Makes one entry of a SendMessageBatch fail, for drills: AWS fails entries by themselves, and a sender that ignores
 * `Failed` loses messages.
 * @returns the code to fail with, or undefined to take the entry.
 */
export type EntryFault = (queueName: string, entry: OutgoingEntry) => string | undefined;

export interface SqsCall {
  readonly store: QueueStore;
  readonly request: ServiceRequest;
  readonly urlOf: (queueName: string) => string;
  readonly entryFault: EntryFault | undefined;
}

/**
 * @returns the name of the queue, once the caller's role allows `action` on it.
 * @throws ServiceError AccessDenied (403), QueueDoesNotExist.
 */
export function queueAt(call: SqsCall, url: string, action: string): string {
  const name = /\/\d{12}\/([A-Za-z0-9_-]+)$/.exec(url)?.[1];
  if (name === undefined) throw queueDoesNotExist();
  call.request.authorize(action, queueArn(name));
  call.store.describe(name);
  return name;
}

/** @throws ServiceError InvalidParameterValue for what is no queue's ARN. */
export function queueNamed(parameter: string, arn: string): string {
  const name = queueNameOfArn(arn);
  if (name === undefined) throw invalidValue(parameter, arn, 'It is not the ARN of a queue.');
  return name;
}
