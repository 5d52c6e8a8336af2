/** Leases of senders that died: without this, the lease's end would be the recovery time. */
import pg from 'pg';

/** Everyone who claims rows. */
export const LEASE_HOLDERS = ['fan-out', 'deliver', 'sweeper'] as const;
export type LeaseHolder = (typeof LEASE_HOLDERS)[number];

/**
 * The name under which a function claims the rows that it works on, if it does. The fan-out claims for those who send
 * what it has enqueued, and they may well be alive when it dies.
 */
export function leaseHolderOf(logicalId: string): LeaseHolder | undefined {
  return (['deliver', 'sweeper'] as const).find((holder) => holder === logicalId.toLowerCase());
}

/**
 * To be called while none of the holders is at work. Does nothing on a database without the schema.
 * @returns how many leases were ended.
 */
export async function expireLeases(databaseUrl: string, holders: readonly LeaseHolder[]): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'tidegate engine' });
  await client.connect();
  try {
    const found = await client.query<{ table: string | null }>("SELECT to_regclass('hook.deliveries') AS table");
    if (found.rows[0]?.table === null) return 0;
    const expired = await client.query(
      'UPDATE hook.deliveries SET claimed_until = now() WHERE claimed_until > now() AND claimed_by = ANY ($1)',
      [holders],
    );
    return expired.rowCount ?? 0;
  } finally {
    await client.end();
  }
}
