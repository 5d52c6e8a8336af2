/** Symmetric keys in 0600 files, one a key. A rotation adds a version; older ones stay for what they sealed. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';

const KEY_BYTES = 32;
const keyFile = z.object({ createdAt: z.iso.datetime(), versions: z.array(z.base64()).min(1) });

export interface StoredKey {
  readonly createdAt: Date;
  /** Oldest first; the last one seals. */
  readonly versions: readonly Buffer[];
}

export interface KeyStore {
  /** Reads a key, making it on its first use. @throws Error when its file is damaged: never replaced by a new key. */
  get(keyId: string): StoredKey;
  rotate(keyId: string): StoredKey;
}

export function createKeyStore(folder: string): KeyStore {
  const loaded = new Map<string, StoredKey>();
  const save = (keyId: string, key: StoredKey): StoredKey => {
    const versions = key.versions.map((version) => version.toString('base64'));
    writePrivateFile(
      join(folder, `${keyId}.json`),
      JSON.stringify({ createdAt: key.createdAt.toISOString(), versions }),
    );
    loaded.set(keyId, key);
    return key;
  };
  const read = (keyId: string): StoredKey | undefined => {
    const text = readPrivateFile(join(folder, `${keyId}.json`));
    if (text === undefined) return undefined;
    const { createdAt, versions } = keyFile.parse(JSON.parse(text));
    const key = { createdAt: new Date(createdAt), versions: versions.map((version) => Buffer.from(version, 'base64')) };
    loaded.set(keyId, key);
    return key;
  };
  const get = (keyId: string): StoredKey =>
    loaded.get(keyId) ?? read(keyId) ?? save(keyId, { createdAt: new Date(), versions: [randomBytes(KEY_BYTES)] });
  return {
    get,
    rotate: (keyId) => {
      const key = get(keyId);
      return save(keyId, { ...key, versions: [...key.versions, randomBytes(KEY_BYTES)] });
    },
  };
}
