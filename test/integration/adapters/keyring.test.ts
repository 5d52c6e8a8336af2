import { DecryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKeyring } from '../../../lambdas/adapters/secrets/keyring.ts';
import { newAccount, type Pipeline, startPipeline } from './pipeline.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await startPipeline();
});
afterAll(() => pipeline.stop());

const place = (accountId: string, ownerId = 'webhook-1') => ({ accountId, ownerId, purpose: 'secret' as const });

/** A keyring with a clock and a count of its Decrypt calls. */
function counted(keyCacheMs = 300_000) {
  const clock = { nowMs: 0 };
  let decrypts = 0;
  const { client, keyArn } = pipeline.kms;
  const counting = Object.create(client, {
    send: {
      value: (command: unknown) => {
        if (command instanceof DecryptCommand) decrypts += 1;
        return client.send(command as DecryptCommand);
      },
    },
  }) as KMSClient;
  const keyring = createKeyring({
    client: counting,
    keyArn,
    keyCacheMs,
    database: pipeline.database,
    now: () => clock.nowMs,
  });
  return { keyring, clock, decrypts: () => decrypts };
}

describe('the keyring', () => {
  it('makes one key an account, however many ask at once', async () => {
    const accountId = newAccount();
    const rings = Array.from({ length: 8 }, () => counted().keyring);
    const sealed = await Promise.all(rings.map((ring, n) => ring.seal(place(accountId), `secret ${n}`)));
    const rows = await pipeline.testDatabase.query('SELECT wrapped_key FROM hook.account_keys WHERE account_id = $1', [
      accountId,
    ]);
    expect(rows).toHaveLength(1);
    const wrappedKey = String(rows[0]?.wrapped_key);
    const { keyring, decrypts } = counted();
    const opened = await Promise.all(sealed.map((text) => keyring.open(place(accountId), text, wrappedKey)));
    expect(opened).toEqual(rings.map((_, n) => `secret ${n}`));
    expect(decrypts()).toBe(1);
    expect(new Set(sealed).size).toBe(8);
  });

  it('opens nothing for another account, webhook or purpose, and nothing altered', async () => {
    const [mine, other] = [newAccount(), newAccount()];
    const { keyring } = counted();
    const sealed = await keyring.seal(place(mine), 'secret');
    const { wrappedKey } = await keyring.accountKey(mine);
    const broken = { code: 'SEAL_BROKEN' };
    await expect(keyring.open(place(mine, 'webhook-2'), sealed, wrappedKey)).rejects.toMatchObject(broken);
    await expect(keyring.open({ ...place(mine), purpose: 'signing-key' }, sealed, wrappedKey)).rejects.toMatchObject(
      broken,
    );
    await expect(keyring.open(place(mine), `${sealed.slice(0, -4)}AAAA`, wrappedKey)).rejects.toMatchObject(broken);
    await expect(keyring.open(place(mine), 'v1.AAAA', wrappedKey)).rejects.toMatchObject(broken);
    // KMS itself refuses the other account's context.
    await expect(keyring.open(place(other), sealed, wrappedKey)).rejects.toMatchObject({
      code: 'KEY_UNUSABLE',
      retryable: false,
    });
  });

  it('keeps a key for its time: a warm one outlives an outage of KMS, an expired or cold one does not', async () => {
    const accountId = newAccount();
    const { keyring, clock } = counted(1_000);
    const sealed = await keyring.seal(place(accountId), 'secret');
    const { wrappedKey } = await keyring.accountKey(accountId);
    pipeline.faults.set('kms', { mode: 'down' });
    clock.nowMs = 999;
    expect(await keyring.open(place(accountId), sealed, wrappedKey)).toBe('secret');
    clock.nowMs = 1_000;
    await expect(keyring.open(place(accountId), sealed, wrappedKey)).rejects.toMatchObject({
      code: 'KMS_UNAVAILABLE',
      retryable: true,
    });
    await expect(counted().keyring.open(place(accountId), sealed, wrappedKey)).rejects.toMatchObject({
      code: 'KMS_UNAVAILABLE',
    });
    pipeline.faults.set('kms', { mode: 'up' });
    // The failure was not kept.
    expect(await keyring.open(place(accountId), sealed, wrappedKey)).toBe('secret');
  });
});
