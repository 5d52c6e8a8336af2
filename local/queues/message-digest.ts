/** The MD5s by which SDK clients check that a message arrived whole. */
import { createHash } from 'node:crypto';
import type { MessageAttribute, MessageAttributes } from './message.ts';

const STRING_VALUE = Buffer.from([1]);
const BINARY_VALUE = Buffer.from([2]);

export function bodyMd5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/**
 * Names in order; name, type and value each behind its length in four bytes, the value also behind a byte for its kind.
 * Source: SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
 * @returns undefined for a message without attributes.
 */
export function attributesMd5(attributes: MessageAttributes | undefined): string | undefined {
  const names = Object.keys(attributes ?? {}).sort();
  if (attributes === undefined || names.length === 0) return undefined;
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const attribute = attributes[name] as MessageAttribute;
    add(Buffer.from(name));
    add(Buffer.from(attribute.dataType));
    if (attribute.binaryBase64 === undefined) {
      hash.update(STRING_VALUE);
      add(Buffer.from(attribute.stringValue ?? ''));
    } else {
      hash.update(BINARY_VALUE);
      add(Buffer.from(attribute.binaryBase64, 'base64'));
    }
  }
  return hash.digest('hex');
}
