/** Messages as senders give them and as receivers get them. */

/** Source: SQS API Reference, MessageAttributeValue. Binary values stay in base64, as they travel. */
export interface MessageAttribute {
  /** String, Number or Binary, optionally with a label: `Number.int`. */
  readonly dataType: string;
  readonly stringValue?: string | undefined;
  readonly binaryBase64?: string | undefined;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

export interface OutgoingMessage {
  readonly body: string;
  /** 0 to 900. @default the queue's own delay */
  readonly delaySeconds?: number | undefined;
  /** The tenant, for fair order among receivers. */
  readonly groupId?: string | undefined;
  readonly attributes?: MessageAttributes | undefined;
  /** Who sends; receivers see it as SenderId. @default 'tidegate' */
  readonly senderId?: string | undefined;
}

export interface OutgoingEntry extends OutgoingMessage {
  /** Names the entry in the answer; distinct within the batch. */
  readonly id: string;
}

export interface ReceivedMessage {
  readonly messageId: string;
  /** Good for this receive; a later receive of the same message has another. */
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: MessageAttributes | undefined;
  readonly groupId: string | undefined;
  readonly senderId: string;
  /** First enqueue, in ms since the epoch; a move to a dead-letter queue keeps it. */
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
  /** 1 on the first receive; counted over all queues that the message was in. */
  readonly receiveCount: number;
  /** ARN of the queue that gave the message up, in a dead-letter queue. */
  readonly deadLetterSourceArn: string | undefined;
}

export interface DeleteEntry {
  readonly id: string;
  readonly receiptHandle: string;
}

export interface VisibilityEntry extends DeleteEntry {
  /** 0 to 43,200 from now. */
  readonly visibilityTimeoutSeconds: number;
}

export type SendOutcome =
  | { readonly isSent: true; readonly id: string; readonly messageId: string }
  | { readonly isSent: false; readonly id: string; readonly code: string; readonly message: string };

/** The outcome of one entry of a delete or a change of visibility. */
export type EntryOutcome =
  | { readonly isDone: true; readonly id: string }
  | { readonly isDone: false; readonly id: string; readonly code: string; readonly message: string };

export interface QueueCounts {
  /** Ready to be received. */
  readonly visible: number;
  /** Received and neither deleted nor timed out; those waiting out a backoff are among them. */
  readonly inFlight: number;
  readonly delayed: number;
}
