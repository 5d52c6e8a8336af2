/**
 * What Encrypt returns: `1 | length of key id | key id | key version (4) | IV (12) | tag (16) | AES-256-GCM text`.
 * The key id is readable, as in AWS, so that Decrypt needs no KeyId. Header and encryption context are authenticated.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { StoredKey } from './key-store.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface SealedHeader {
  readonly keyId: string;
  readonly version: number;
  readonly headerBytes: number;
}

export interface SealProps {
  readonly keyId: string;
  readonly key: StoredKey;
  readonly plaintext: Buffer;
  readonly context: EncryptionContext;
}

/** Seals under the newest version of the key. */
export function seal(props: SealProps): Buffer {
  const version = props.key.versions.length - 1;
  const secret = props.key.versions[version];
  if (secret === undefined) throw new Error(`key ${props.keyId} has no versions`);
  const name = Buffer.from(props.keyId, 'utf8');
  const header = Buffer.concat([Buffer.from([FORMAT, name.length]), name, Buffer.alloc(4)]);
  header.writeUInt32BE(version, header.length - 4);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, iv);
  cipher.setAAD(Buffer.concat([header, contextBytes(props.context)]));
  const text = Buffer.concat([cipher.update(props.plaintext), cipher.final()]);
  return Buffer.concat([header, iv, cipher.getAuthTag(), text]);
}

/** @returns undefined for bytes that no seal() wrote. Nothing is verified yet: that is open()'s part. */
export function readHeader(sealed: Buffer): SealedHeader | undefined {
  const headerBytes = 2 + (sealed[1] ?? 0) + 4;
  if (sealed[0] !== FORMAT || sealed.length < headerBytes + IV_BYTES + TAG_BYTES) return undefined;
  return {
    keyId: sealed.toString('utf8', 2, headerBytes - 4),
    version: sealed.readUInt32BE(headerBytes - 4),
    headerBytes,
  };
}

/** @returns undefined when text, header or context is not what was sealed. */
export function open(sealed: Buffer, key: StoredKey, context: EncryptionContext): Buffer | undefined {
  const header = readHeader(sealed);
  const secret = header && key.versions[header.version];
  if (header === undefined || secret === undefined) return undefined;
  const textStart = header.headerBytes + IV_BYTES + TAG_BYTES;
  const decipher = createDecipheriv(
    'aes-256-gcm',
    secret,
    sealed.subarray(header.headerBytes, header.headerBytes + IV_BYTES),
    {
      authTagLength: TAG_BYTES,
    },
  );
  decipher.setAuthTag(sealed.subarray(textStart - TAG_BYTES, textStart));
  decipher.setAAD(Buffer.concat([sealed.subarray(0, header.headerBytes), contextBytes(context)]));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(textStart)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Pairs in order of their names: the same context in another order is the same context (KMS Developer Guide). */
function contextBytes(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([left], [right]) => (left < right ? -1 : 1));
  return Buffer.from(JSON.stringify(pairs), 'utf8');
}
