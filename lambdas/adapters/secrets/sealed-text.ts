import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SealFault } from './kms-fault.ts';

/** What a sealed text is bound to: it opens for nothing else, so a row copied to another webhook is worthless. */
export interface SealPlace {
  readonly accountId: string;
  /** The webhook (or the source). */
  readonly ownerId: string;
  readonly purpose: 'secret' | 'signing-key';
}

const PREFIX = 'v1.';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `v1.` + base64 of nonce ‖ tag ‖ ciphertext; AES-256-GCM. */
export function seal(key: Buffer, place: SealPlace, plain: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associatedData(place));
  const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return PREFIX + Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64');
}

/** @throws SealFault when it is not what was sealed for this place with this key. */
export function unseal(key: Buffer, place: SealPlace, sealed: string): string {
  const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64');
  if (!sealed.startsWith(PREFIX) || bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealFault();
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(associatedData(place))
      .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (error) {
    throw new SealFault(error);
  }
}

/** A JSON list, not a joined text: no two places can give the same bytes. */
function associatedData({ accountId, ownerId, purpose }: SealPlace): Buffer {
  return Buffer.from(JSON.stringify([accountId, ownerId, purpose]));
}
