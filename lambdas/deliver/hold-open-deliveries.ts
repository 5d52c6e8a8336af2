import type { Database } from '../adapters/database/database.ts';
import { holdDeliveries } from '../adapters/delivery-rows/hold-deliveries.ts';

const ROWS_A_CALL = 500;
/** More than that is left to the claims, which hold each row when its message comes. */
const MAX_CALLS = 20;

/**
 * Holds the open deliveries of a webhook that was just disabled.
 * @throws DatabaseFault
 */
export async function holdOpenDeliveries(database: Database, webhookId: string): Promise<void> {
  for (let calls = 0; calls < MAX_CALLS; calls++) {
    const [result] = await database.query(holdDeliveries, { id: webhookId, limit: ROWS_A_CALL });
    if (result === undefined || result.held < ROWS_A_CALL) return;
  }
}
