import { z } from 'zod';
import type { Database, Statement } from '../adapters/database/database.ts';
import { idBounds } from '../adapters/delivery-rows/id-bounds.ts';

export interface HeldLease {
  readonly deliveryId: string;
  readonly token: string;
}

const endLeases: Statement<unknown> = {
  isRepeatable: true,
  row: z.unknown(),
  sql: `
    WITH l AS MATERIALIZED (
      SELECT d.delivery_id FROM jsonb_to_recordset(:leases::text::jsonb) AS m(d uuid, t uuid)
        JOIN hook.deliveries d ON d.delivery_id = m.d AND d.claim_token = m.t
       WHERE d.delivery_id BETWEEN :low::uuid AND :high::uuid
       ORDER BY d.delivery_id FOR UPDATE OF d)
    UPDATE hook.deliveries d SET claim_token = NULL, claimed_until = NULL, claimed_by = NULL
      FROM l
     WHERE d.delivery_id = l.delivery_id AND d.delivery_id BETWEEN :low::uuid AND :high::uuid`,
};

/**
 * Gives back leases under which nothing was sent: else each message would wait for the end of its own when it comes
 * back from its backoff.
 * @throws DatabaseFault
 */
export async function giveBackLeases(database: Database, held: readonly HeldLease[]): Promise<void> {
  const leases = held.map(({ deliveryId, token }) => ({ d: deliveryId, t: token }));
  await database.query(endLeases, { leases: JSON.stringify(leases), ...idBounds(leases.map(({ d }) => d)) });
}
