/** Receipt handles name one receive of one message in one queue. They survive a restart, as the receive itself does. */
import { ServiceError } from '../services/service.ts';

export interface Receipt {
  /** Row of the queue. */
  readonly queue: number;
  /** Row of the message. */
  readonly message: number;
  /** Which receive of the message, 1-based. */
  readonly receive: number;
  readonly messageId: string;
}

const FORM = /^(\d+) (\d+) (\d+) ([0-9a-f-]{36})$/;

export function formatReceipt(receipt: Receipt): string {
  const text = `${receipt.queue} ${receipt.message} ${receipt.receive} ${receipt.messageId}`;
  return Buffer.from(text, 'latin1').toString('base64');
}

/** @throws ServiceError ReceiptHandleIsInvalid (404) for what no receive ever returned. */
export function parseReceipt(handle: string): Receipt {
  const parts = FORM.exec(Buffer.from(handle, 'base64').toString('latin1'));
  const [, queue, message, receive, messageId] = parts ?? [];
  if (messageId === undefined) {
    throw new ServiceError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not valid.`, 404);
  }
  return { queue: Number(queue), message: Number(message), receive: Number(receive), messageId };
}
