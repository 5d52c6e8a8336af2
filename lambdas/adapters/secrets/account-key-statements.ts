import { z } from 'zod';
import type { Statement } from '../database/database.ts';

/** The account's wrapped key, if it has one. */
export const readAccountKey: Statement<{ wrappedKey: string }> = {
  isRepeatable: true,
  row: z.object({ wrappedKey: z.string() }),
  sql: `SELECT json_build_object('wrappedKey', wrapped_key)::text FROM hook.account_keys WHERE account_id = :account`,
};

/**
 * Two functions may make an account's first key at once: one row wins, and only what it holds is used. The winner is read
 * in a call of its own, for this statement's snapshot may be older than the winner's commit.
 */
export const addAccountKey: Statement<unknown> = {
  isRepeatable: true,
  row: z.unknown(),
  sql: `INSERT INTO hook.account_keys (account_id, wrapped_key) VALUES (:account, :wrapped) ON CONFLICT DO NOTHING`,
};
