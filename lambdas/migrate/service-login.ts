import { randomBytes } from 'node:crypto';
import type { MigrationTransaction } from './migration-database.ts';
import { scramVerifier } from './scram-verifier.ts';

const CREATE_ROLE = `
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hook_svc') THEN
    CREATE ROLE hook_svc;
  END IF;
END
$$`;

const SALT_BYTES = 16;

/**
 * Roles belong to the whole server, the lock to one database: two databases that are migrated at once may meet in
 * pg_authid (tuple concurrently updated, unique_violation, duplicate_object).
 */
export const ROLE_CONFLICTS = ['XX000', '23505', '42710'];

/**
 * Gives `hook_svc` its login. Done at every run: Aurora lets nobody read the verifier in force, and the secret may have
 * been changed since.
 * @throws MigrationError INVALID_SERVICE_PASSWORD
 */
export async function setServiceLogin(transaction: MigrationTransaction, password: string): Promise<void> {
  const verifier = scramVerifier(password, randomBytes(SALT_BYTES));
  await transaction.execute(CREATE_ROLE);
  await transaction.execute(`ALTER ROLE hook_svc WITH LOGIN PASSWORD '${verifier}'`);
}
