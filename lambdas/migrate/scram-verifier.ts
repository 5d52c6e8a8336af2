import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { MigrationError } from '../domain/migrations/migration-error.ts';

/** PostgreSQL's own count (scram_iterations); the password is 40 random characters, so more would add nothing. */
const ITERATIONS = 4096;
const KEY_BYTES = 32;

// SASLprep (RFC 4013), which PostgreSQL applies to passwords, changes nothing in these.
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;
const VERIFIER = /^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/;

/**
 * What PostgreSQL keeps in place of a password. Made here, so that neither a statement nor a log carries the password.
 * @param salt 16 random bytes.
 * @returns `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`, safe within single quotes.
 * @throws MigrationError INVALID_SERVICE_PASSWORD for one that is not printable ASCII.
 * Source: RFC 5803; PostgreSQL, pg_authid.rolpassword.
 */
export function scramVerifier(password: string, salt: Buffer): string {
  if (!PRINTABLE_ASCII.test(password)) {
    const message = "hook_svc's secret needs a password of printable ASCII characters";
    throw new MigrationError('INVALID_SERVICE_PASSWORD', message);
  }
  const salted = pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  const verifier = `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
  // PASSWORD takes no bind parameter, so this text is put into the statement.
  if (!VERIFIER.test(verifier)) throw new RangeError('a SCRAM verifier has characters that it cannot have');
  return verifier;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
