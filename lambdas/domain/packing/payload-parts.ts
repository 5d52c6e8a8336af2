/** What a message carries itself; a larger payload is read from its event. Source: design section 1. */
export const CARRIED_PAYLOAD_MAX_BYTES = 48 * 1024;
/**
 * Characters of one part. A row of a result has at most 64 KB (Aurora User Guide, data-api.limitations) and a character
 * up to 4 bytes: 60,000 bytes and the row's other columns.
 */
export const PAYLOAD_PART_CHARS = 15_000;

/** Whether a payload travels in the message. */
export function isCarried(payload: string): boolean {
  return Buffer.byteLength(payload, 'utf8') <= CARRIED_PAYLOAD_MAX_BYTES;
}

/**
 * Parts of a stored payload, as arguments of SQL's `substring(payload from … for …)`.
 * @param chars PostgreSQL's char_length, which counts code points, not UTF-16 units.
 */
export function payloadParts(chars: number): readonly { readonly from: number; readonly length: number }[] {
  const count = Math.ceil(chars / PAYLOAD_PART_CHARS);
  return Array.from({ length: count }, (_, part) => ({
    from: part * PAYLOAD_PART_CHARS + 1,
    length: Math.min(PAYLOAD_PART_CHARS, chars - part * PAYLOAD_PART_CHARS),
  }));
}
