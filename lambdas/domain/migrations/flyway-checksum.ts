const TABLE = crc32Table();

/**
 * Flyway's checksum of a migration: CRC-32 over the UTF-8 bytes of its lines, without their ends and without a byte
 * order mark, as a signed 32-bit number. Line ends do not count, so a checkout with CRLF has the same checksum.
 * Source: org.flywaydb.core.internal.resolver.ChecksumCalculator.
 */
export function flywayChecksum(text: string): number {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(lines.join(''))) {
    crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return ~crc;
}

function crc32Table(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
  });
}
