import { createHash } from 'node:crypto';
import { uuidBytes, uuidText } from './uuid.ts';

/**
 * UUIDv8 of one event's delivery to one webhook: the event's 48 bits of acceptance time, then 74 bits of
 * SHA-256(event uuid, webhook id) over 16 + 16 raw bytes. A second fan-out of the event therefore makes no second row,
 * and the id alone finds its partition. `hook.delivery_id` in the database gives the same value bit for bit.
 * @throws TypeError (code INVALID_UUID) when either is not a UUID.
 * Source: design section 2.
 */
export function deliveryId(eventUuid: string, webhookId: string): string {
  const event = uuidBytes(eventUuid);
  const hash = createHash('sha256').update(event).update(uuidBytes(webhookId)).digest();
  const id = Buffer.alloc(16);
  event.copy(id, 0, 0, 6);
  hash.copy(id, 6, 0, 10);
  id[6] = 0x80 | (hash.readUInt8(0) & 0x0f);
  id[8] = 0x80 | (hash.readUInt8(2) & 0x3f);
  return uuidText(id);
}
