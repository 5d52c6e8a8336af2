/** What the store keeps in memory of each message: all but its content, which is on disk. */
import type { MessageAttributes } from './message.ts';

export type EntryState = 'ready' | 'delayed' | 'in-flight' | 'gone';

export interface MessageContent {
  readonly body: string;
  readonly attributes: MessageAttributes | undefined;
}

export interface QueueEntry {
  /** Row; rises with every message and is never used twice. */
  readonly id: number;
  readonly messageId: string;
  readonly groupId: string | undefined;
  readonly senderId: string;
  readonly sentAtMs: number;
  /** Name of the queue that gave it up. */
  deadLetterSource: string | undefined;
  state: EntryState;
  /** When a delayed or an in-flight message can be received (again). */
  visibleAtMs: number;
  receivedAtMs: number;
  firstReceivedAtMs: number;
  /** Over all queues; names the receipt. */
  receiveCount: number;
  /** In this queue; decides on the move to the dead-letter queue. */
  receivesHere: number;
  /** The engine's poller that received it and has not changed its visibility since. */
  heldBy: string | undefined;
  /** Kept until the first receive as long as memory allows; else it is read from disk. */
  content: MessageContent | undefined;
  /** Place in the visibility heap, -1 outside. */
  heapIndex: number;
  /** Rises in the order in which messages became ready. */
  turn: number;
}

export function newEntry(
  given: Pick<QueueEntry, 'id' | 'messageId' | 'groupId' | 'senderId' | 'sentAtMs' | 'visibleAtMs'>,
  content: MessageContent | undefined,
): QueueEntry {
  return {
    id: given.id,
    messageId: given.messageId,
    groupId: given.groupId,
    senderId: given.senderId,
    sentAtMs: given.sentAtMs,
    deadLetterSource: undefined,
    state: 'gone',
    visibleAtMs: given.visibleAtMs,
    receivedAtMs: 0,
    firstReceivedAtMs: 0,
    receiveCount: 0,
    receivesHere: 0,
    heldBy: undefined,
    content,
    heapIndex: -1,
    turn: 0,
  };
}
