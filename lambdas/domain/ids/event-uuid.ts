import { createHash } from 'node:crypto';
import { uuidText, withTime } from './uuid.ts';

/**
 * UUIDv7 of an event accepted by the API.
 * Ids of the same millisecond are not ordered among themselves: nothing reads an order finer than that out of them.
 * @param nowMs acceptance, Unix ms.
 * @param randomBytes16 16 random bytes, injected.
 * @throws RangeError when fewer than 16 bytes are given or the time does not fit.
 * Source: design section 2, RFC 9562 section 5.7.
 */
export function newEventUuid(nowMs: number, randomBytes16: Buffer): string {
  if (randomBytes16.length < 16) throw new RangeError('16 random bytes are needed');
  return shapedAsV7(nowMs, randomBytes16);
}

/**
 * UUID of an event that a direct producer put on the bus: the same envelope always gives the same id, so a duplicate
 * from EventBridge (at least once) is the same event. 74 bits of SHA-256 stand where a UUIDv7 has random ones.
 * @param sentTimestampMs SQS's SentTimestamp, never the envelope's own `time`: callers set that, and no partition may
 *   exist for it.
 * @param envelopeId the EventBridge envelope's `id`.
 * Source: design section 2.
 */
export function eventUuidFrom(sentTimestampMs: number, envelopeId: string): string {
  return shapedAsV7(sentTimestampMs, createHash('sha256').update(envelopeId, 'utf8').digest());
}

function shapedAsV7(timeMs: number, filler: Buffer): string {
  const bytes = withTime(Buffer.from(filler.subarray(0, 16)), timeMs);
  bytes[6] = 0x70 | (bytes.readUInt8(6) & 0x0f);
  bytes[8] = 0x80 | (bytes.readUInt8(8) & 0x3f);
  return uuidText(bytes);
}
