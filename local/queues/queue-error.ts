/** The errors of the queues, with the names that SQS gives them. Source: SQS API Reference, "Common errors" and each action. */
import { ServiceError } from '../services/service.ts';

/**
 * Codes whose name in the older query protocol differs: clients that look at `x-amzn-query-error` find those.
 * Source: the `awsQueryError` traits of the SQS model.
 */
const QUERY_CODES: Readonly<Record<string, string>> = {
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
};

export function queryCode(code: string): string {
  return QUERY_CODES[code] ?? code;
}

export function queueDoesNotExist(): ServiceError {
  return new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
}

export function invalidValue(parameter: string, value: unknown, reason: string): ServiceError {
  return new ServiceError(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function missingParameter(parameter: string): ServiceError {
  return new ServiceError('MissingParameter', `The request must contain the parameter ${parameter}.`);
}

export function overLimit(inFlightLimit: number): ServiceError {
  return new ServiceError('OverLimit', `The queue has reached its limit of ${inFlightLimit} messages in flight.`, 403);
}

export function storeClosed(): ServiceError {
  return new ServiceError('ServiceUnavailable', 'The queues are closed.', 503);
}
