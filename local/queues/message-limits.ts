/** What SQS refuses to take. Source: SQS API Reference, SendMessage and SendMessageBatch; Developer Guide, "message quotas". */
import { ServiceError } from '../services/service.ts';
import type { MessageAttribute, MessageAttributes, OutgoingEntry, OutgoingMessage } from './message.ts';
import { invalidValue, missingParameter } from './queue-error.ts';
import { inRange, LARGEST_MESSAGE_BYTES, LONGEST_DELAY_SECONDS, type QueueSettings } from './queue-properties.ts';

const MOST_BATCH_ENTRIES = 10;
const MOST_ATTRIBUTES = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;
const GROUP_ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/i;
const ATTRIBUTE_TYPE = /^(String|Number|Binary)(\..{1,248})?$/;
// #x9 | #xA | #xD | #x20–#xD7FF | #xE000–#xFFFD | #x10000–#x10FFFF; under the u flag a lone surrogate is in none of them.
const REFUSED_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** @throws ServiceError for an empty batch, more than ten entries, a malformed id, or an id used twice. */
export function checkBatchIds(entries: readonly { readonly id: string }[]): void {
  if (entries.length === 0) throw new ServiceError('EmptyBatchRequest', 'There should be at least one entry.');
  if (entries.length > MOST_BATCH_ENTRIES) {
    throw new ServiceError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MOST_BATCH_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const seen = new Set<string>();
  for (const { id } of entries) {
    if (!ENTRY_ID.test(id)) {
      throw new ServiceError(
        'InvalidBatchEntryId',
        `The Id ${id} can only include letters, digits, hyphens, underscores.`,
      );
    }
    if (seen.has(id)) throw new ServiceError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    seen.add(id);
  }
}

/** @throws ServiceError BatchRequestTooLong over 1 MiB in all (1,048,576 bytes, as for a single message). */
export function checkBatchBytes(entries: readonly OutgoingEntry[]): void {
  let bytes = 0;
  for (const entry of entries) bytes += messageBytes(entry);
  if (bytes > LARGEST_MESSAGE_BYTES) {
    throw new ServiceError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${LARGEST_MESSAGE_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
}

/** @throws ServiceError for a message that the queue would refuse. */
export function checkMessage(message: OutgoingMessage, queue: QueueSettings): void {
  if (message.body === '') throw missingParameter('MessageBody');
  if (REFUSED_CHARACTER.test(message.body)) {
    throw new ServiceError('InvalidMessageContents', 'Invalid characters found.');
  }
  if (message.delaySeconds !== undefined) inRange('DelaySeconds', message.delaySeconds, 0, LONGEST_DELAY_SECONDS);
  if (message.groupId !== undefined && !GROUP_ID.test(message.groupId)) {
    throw invalidValue('MessageGroupId', message.groupId, 'Must be 1 to 128 letters, digits, or punctuation.');
  }
  if (message.attributes !== undefined) checkAttributes(message.attributes);
  if (messageBytes(message) > queue.maxMessageBytes) {
    throw new ServiceError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${queue.maxMessageBytes} bytes.`,
    );
  }
}

function messageBytes(message: OutgoingMessage): number {
  let bytes = Buffer.byteLength(message.body);
  for (const [name, attribute] of Object.entries(message.attributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.dataType);
    if (attribute.stringValue !== undefined) bytes += Buffer.byteLength(attribute.stringValue);
    if (attribute.binaryBase64 !== undefined) bytes += Buffer.byteLength(attribute.binaryBase64, 'base64');
  }
  return bytes;
}

function checkAttributes(attributes: MessageAttributes): void {
  const entries = Object.entries(attributes);
  if (entries.length > MOST_ATTRIBUTES) {
    throw new ServiceError('InvalidParameterValue', `Number of message attributes [${entries.length}] exceeds 10.`);
  }
  for (const [name, attribute] of entries) {
    if (!ATTRIBUTE_NAME.test(name)) throw invalidValue('MessageAttributeName', name, 'The name is not allowed.');
    checkAttribute(name, attribute);
  }
}

function checkAttribute(name: string, attribute: MessageAttribute): void {
  if (!ATTRIBUTE_TYPE.test(attribute.dataType)) {
    throw invalidValue(
      'DataType',
      attribute.dataType,
      `The type of message attribute '${name}' must be String, Number or Binary.`,
    );
  }
  const value = attribute.dataType.startsWith('Binary') ? attribute.binaryBase64 : attribute.stringValue;
  if (value === undefined || value === '') {
    throw new ServiceError(
      'InvalidParameterValue',
      `Message attribute '${name}' must contain a non-empty value of its type.`,
    );
  }
}
