import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Database, QueryOptions } from '../database/database.ts';
import { clientOptions } from '../sdk/client-options.ts';
import { addAccountKey, readAccountKey } from './account-key-statements.ts';
import { KmsFault, kmsFaultFrom } from './kms-fault.ts';
import { type SealPlace, seal, unseal } from './sealed-text.ts';

/** An account's data key with its wrapped form, as it travels in messages. */
export interface AccountKey {
  readonly wrappedKey: string;
  readonly plain: Buffer;
}

/**
 * Envelope encryption of webhooks' secrets: one KMS data key an account. Plain keys live in memory for `keyCacheMs`, so
 * a warm function survives a short KMS outage; nothing uses a key longer than that.
 * Source: design section 5.
 */
export interface Keyring {
  /**
   * Opens a sealed text with the account's key.
   * @throws KmsFault, SealFault
   */
  open(place: SealPlace, sealed: string, wrappedKey: string): Promise<string>;
  /**
   * Seals for a place, with the account's key; makes that key if the account has none.
   * @throws KmsFault, DatabaseFault
   */
  seal(place: SealPlace, plain: string, options?: QueryOptions): Promise<string>;
  /**
   * The account's wrapped key as stored.
   * @throws KmsFault, DatabaseFault
   */
  accountKey(accountId: string, options?: QueryOptions): Promise<AccountKey>;
}

export interface KeyringProps {
  readonly client: KMSClient;
  readonly keyArn: string;
  readonly keyCacheMs: number;
  /** Absent in functions that only open. */
  readonly database?: Database;
  readonly now?: () => number;
}

/** Accounts whose keys are kept; the oldest goes first. 10,000 × 32 bytes are nothing, their Map is about 3 MB. */
const MAX_KEYS = 10_000;

export function createKmsClient(): KMSClient {
  return new KMSClient(clientOptions({ requestTimeoutMs: 3_000, maxAttempts: 2, maxSockets: 20 }));
}

export function createKeyring(props: KeyringProps): Keyring {
  const plainKey = cachedPlainKeys(props);
  const accountKey = async (accountId: string, options?: QueryOptions): Promise<AccountKey> => {
    const wrappedKey = await storedKey(props, accountId, options);
    return { wrappedKey, plain: await plainKey(accountId, wrappedKey) };
  };
  return {
    accountKey,
    open: async (place, sealed, wrappedKey) => unseal(await plainKey(place.accountId, wrappedKey), place, sealed),
    seal: async (place, plain, options) => seal((await accountKey(place.accountId, options)).plain, place, plain),
  };
}

type PlainKeys = (accountId: string, wrappedKey: string) => Promise<Buffer>;

/** Calls for one key at the same time share one Decrypt; a failure is not kept. */
function cachedPlainKeys({ client, keyArn, keyCacheMs, now = Date.now }: KeyringProps): PlainKeys {
  const keys = new Map<string, { readonly key: Promise<Buffer>; readonly until: number }>();
  return (accountId, wrappedKey) => {
    const name = JSON.stringify([accountId, wrappedKey]);
    const known = keys.get(name);
    if (known !== undefined && now() < known.until) return known.key;
    const key = decrypt(client, keyArn, { accountId, wrappedKey });
    const entry = { key, until: now() + keyCacheMs };
    keys.delete(name);
    keys.set(name, entry);
    key.catch(() => {
      if (keys.get(name) === entry) keys.delete(name);
    });
    const [oldest] = keys.keys();
    if (keys.size > MAX_KEYS && oldest !== undefined) keys.delete(oldest);
    return key;
  };
}

async function decrypt(
  client: KMSClient,
  keyArn: string,
  { accountId, wrappedKey }: { accountId: string; wrappedKey: string },
): Promise<Buffer> {
  const command = new DecryptCommand({
    KeyId: keyArn,
    CiphertextBlob: Buffer.from(wrappedKey, 'base64'),
    EncryptionContext: { account: accountId },
  });
  try {
    const { Plaintext } = await client.send(command);
    if (Plaintext === undefined) throw new KmsFault('KMS_UNAVAILABLE', undefined);
    return Buffer.from(Plaintext);
  } catch (error) {
    throw error instanceof KmsFault ? error : kmsFaultFrom(error);
  }
}

async function storedKey(props: KeyringProps, accountId: string, options?: QueryOptions): Promise<string> {
  const { database } = props;
  if (database === undefined) throw new TypeError('this keyring was made without a database: it can only open');
  const [known] = await database.query(readAccountKey, { account: accountId }, options);
  if (known !== undefined) return known.wrappedKey;
  const wrapped = await newWrappedKey(props, accountId);
  await database.query(addAccountKey, { account: accountId, wrapped }, options);
  const [winner] = await database.query(readAccountKey, { account: accountId }, options);
  // Deleted between the two calls: the account was shredded just now.
  if (winner === undefined) throw new KmsFault('KEY_UNUSABLE', undefined);
  return winner.wrappedKey;
}

async function newWrappedKey({ client, keyArn }: KeyringProps, accountId: string): Promise<string> {
  const command = new GenerateDataKeyCommand({
    KeyId: keyArn,
    KeySpec: 'AES_256',
    EncryptionContext: { account: accountId },
  });
  try {
    const { CiphertextBlob } = await client.send(command);
    if (CiphertextBlob === undefined) throw new KmsFault('KMS_UNAVAILABLE', undefined);
    return Buffer.from(CiphertextBlob).toString('base64');
  } catch (error) {
    throw error instanceof KmsFault ? error : kmsFaultFrom(error);
  }
}
