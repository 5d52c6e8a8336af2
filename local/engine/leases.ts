/** Leases of senders that died: without this, the lease's end would be the recovery time. */
import pg from 'pg';

/** Everyone who claims rows. */
export const LEASE_HOLDERS = ['fan-out', 'deliver', 'sweeper'] as const;
export type LeaseHolder = (typeof LEASE_HOLDERS)[number];

/**
 * The names under whose leases a function works; when it dies, they end. The deliver function also sends, unread, under
 * those that the fan-out took for it; what waits in its queue meanwhile needs none. The fan-out's own death ends
 * nothing: it claims for those who send what it has enqueued, and they may well be alive.
 */
export function leaseHoldersOf(logicalId: string): readonly LeaseHolder[] {
  if (logicalId === 'Deliver') return ['deliver', 'fan-out'];
  return logicalId === 'Sweeper' ? ['sweeper'] : [];
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
