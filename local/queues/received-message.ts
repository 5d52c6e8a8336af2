import type { ReceivedMessage } from './message.ts';
import type { MessageContent, QueueEntry } from './queue-entry.ts';
import { queueArn } from './queue-properties.ts';
import { formatReceipt } from './receipt-handle.ts';

/** What a receiver gets of an entry that was just received. @param queue row of the queue. */
export function receivedMessage(queue: number, entry: QueueEntry, content: MessageContent): ReceivedMessage {
  const { id, messageId, receiveCount, deadLetterSource } = entry;
  return {
    messageId,
    receiptHandle: formatReceipt({ queue, message: id, receive: receiveCount, messageId }),
    body: content.body,
    attributes: content.attributes,
    groupId: entry.groupId,
    senderId: entry.senderId,
    sentAtMs: entry.sentAtMs,
    firstReceivedAtMs: entry.firstReceivedAtMs,
    receiveCount,
    deadLetterSourceArn: deadLetterSource === undefined ? undefined : queueArn(deadLetterSource),
  };
}
