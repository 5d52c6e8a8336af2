/** A received message as ReceiveMessage answers it. Source: SQS API Reference, ReceiveMessage and Message. */
import type { MessageAttributes, ReceivedMessage } from './message.ts';
import { attributesMd5, bodyMd5 } from './message-digest.ts';

export interface WantedAttributes {
  /** AttributeNames and MessageSystemAttributeNames together; `All` for every one. */
  readonly system: readonly string[];
  /** Names, `prefix.*`, `.*` or `All`. */
  readonly own: readonly string[];
}

export function wireMessage(message: ReceivedMessage, wanted: WantedAttributes): Record<string, unknown> {
  const own = pickOwn(message.attributes, wanted.own);
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: bodyMd5(message.body),
    Body: message.body,
    Attributes: pickSystem(message, wanted.system),
    MD5OfMessageAttributes: attributesMd5(own),
    MessageAttributes: own === undefined ? undefined : wireAttributes(own),
  };
}

function pickSystem(message: ReceivedMessage, wanted: readonly string[]): Record<string, string> | undefined {
  if (wanted.length === 0) return undefined;
  const all: Readonly<Record<string, string | undefined>> = {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAtMs),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
    SenderId: message.senderId,
    MessageGroupId: message.groupId,
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && (wanted.includes('All') || wanted.includes(name))) picked[name] = value;
  }
  return picked;
}

function pickOwn(attributes: MessageAttributes | undefined, wanted: readonly string[]): MessageAttributes | undefined {
  if (attributes === undefined || wanted.length === 0) return undefined;
  const isWanted = (name: string): boolean =>
    wanted.some(
      (want) => want === 'All' || want === name || (want.endsWith('.*') && name.startsWith(want.slice(0, -2))),
    );
  const picked = Object.entries(attributes).filter(([name]) => isWanted(name));
  return picked.length === 0 ? undefined : Object.fromEntries(picked);
}

function wireAttributes(attributes: MessageAttributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, stringValue, binaryBase64 }]) => [
      name,
      { DataType: dataType, StringValue: stringValue, BinaryValue: binaryBase64 },
    ]),
  );
}
