/**
 * Text from a receiver made fit for PostgreSQL: U+0000 and lone surrogates become U+FFFD.
 * Source: design section 1.
 */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** The first `maxChars` UTF-16 units at most, without cutting a surrogate pair in two. */
export function truncateChars(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const cut = text.slice(0, maxChars);
  return cut.isWellFormed() || !text.isWellFormed() ? cut : cut.slice(0, -1);
}

/** The longest start of `text` that has at most `maxBytes` bytes of UTF-8, characters whole. */
export function truncateBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= maxBytes ? text : truncateUtf8(bytes, maxBytes).toString('utf8');
}

/** The first `maxBytes` bytes at most, without cutting a character of UTF-8 in two. */
export function truncateUtf8(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  // At most three continuation bytes (10xxxxxx) follow a first one; more than that is no UTF-8 and is cut anywhere.
  while (end > 0 && maxBytes - end < 4 && (bytes.readUInt8(end) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, maxBytes - end < 4 ? end : maxBytes);
}
