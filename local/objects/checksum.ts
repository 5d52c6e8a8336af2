/** Checksums that SDK clients send with what they upload. Source: S3 User Guide, "Checking object integrity". */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ServiceError } from '../services/service.ts';

const ALGORITHMS: ReadonlyMap<string, (body: Buffer) => string> = new Map([
  ['x-amz-checksum-crc32', crc32Base64],
  ['x-amz-checksum-sha1', (body: Buffer) => createHash('sha1').update(body).digest('base64')],
  ['x-amz-checksum-sha256', (body: Buffer) => createHash('sha256').update(body).digest('base64')],
  ['content-md5', (body: Buffer) => createHash('md5').update(body).digest('base64')],
]);

export function crc32Base64(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}

/**
 * @param headers of the request, or its trailers. CRC32C and CRC64NVME are not checked.
 * @throws ServiceError BadDigest (400) when one does not fit the body.
 */
export function checkChecksums(headers: Readonly<Record<string, string>>, body: Buffer): void {
  for (const [name, compute] of ALGORITHMS) {
    const given = headers[name];
    if (given !== undefined && given !== compute(body)) {
      throw new ServiceError('BadDigest', `The ${name} you specified did not match the calculated checksum.`, 400);
    }
  }
}
