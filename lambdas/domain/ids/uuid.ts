const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LARGEST_TIME_MS = 2 ** 48 - 1;

/** Whether `text` has the canonical 8-4-4-4-12 form, whatever its version; either case. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID_PATTERN.test(text);
}

/**
 * The 16 raw bytes of a UUID.
 * @throws TypeError (code INVALID_UUID) when `uuid` is none: a caller's fault, never a user's.
 */
export function uuidBytes(uuid: string): Buffer {
  if (!isUuid(uuid)) throw Object.assign(new TypeError('not a UUID'), { code: 'INVALID_UUID' });
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** The canonical lower-case text of 16 raw bytes. */
export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Unix milliseconds in the first 48 bits of a UUIDv7 or of a delivery id. */
export function uuidTimeMs(uuid: string): number {
  return uuidBytes(uuid).readUIntBE(0, 6);
}

/**
 * Smallest UUID of a millisecond: the inclusive lower bound of a range over ids.
 * @throws RangeError when `ms` does not fit in 48 bits.
 */
export function uuidFloor(ms: number): string {
  return uuidText(withTime(Buffer.alloc(16), ms));
}

/**
 * Largest UUID of a millisecond: the inclusive upper bound of a range over ids.
 * @throws RangeError when `ms` does not fit in 48 bits.
 */
export function uuidCeiling(ms: number): string {
  return uuidText(withTime(Buffer.alloc(16, 0xff), ms));
}

/** Writes `ms` into the first 48 bits, in place. */
export function withTime(bytes: Buffer, ms: number): Buffer {
  if (!Number.isInteger(ms) || ms < 0 || ms > LARGEST_TIME_MS) {
    throw new RangeError(`not a time in 48 bits of milliseconds: ${ms}`);
  }
  bytes.writeUIntBE(ms, 0, 6);
  return bytes;
}
