import { randomBytes } from 'node:crypto';
import { deliveryId } from '../../../lambdas/domain/ids/delivery-id.ts';
import { newEventUuid } from '../../../lambdas/domain/ids/event-uuid.ts';
import type { Pipeline, TestWebhook } from './pipeline.ts';

export interface DeliveryRow {
  readonly delivery_id: string;
  readonly status: string;
  readonly attempts: number;
  readonly carrier: string;
  readonly generation: number;
  readonly last_error: string | null;
  readonly failure_reason: string | null;
  readonly next_retry_at: Date | null;
  readonly expires_at: Date | null;
  readonly claim_token: string | null;
  readonly claimed_until: Date | null;
  readonly claimed_by: string | null;
  readonly last_call_at: Date | null;
  readonly dead_letter_notified_at: Date | null;
}

/** A delivery as it may stand in the database: PENDING and due now, unless told otherwise. @returns its id */
export async function addDelivery(
  { testDatabase }: Pipeline,
  webhook: TestWebhook,
  columns: Readonly<Record<string, unknown>> = {},
  acceptedAtMs = Date.now(),
): Promise<string> {
  const eventUuid = newEventUuid(acceptedAtMs, randomBytes(16));
  const accepted = new Date(acceptedAtMs);
  await testDatabase.query(
    `INSERT INTO hook.events (event_uuid, account_id, event_type, accepted_at, payload_snapshot, matched)
     VALUES ($1, $2, 'order.created', $3, '{"n":1}', 1)`,
    [eventUuid, webhook.accountId, accepted],
  );
  const row: Record<string, unknown> = {
    delivery_id: deliveryId(eventUuid, webhook.webhookId),
    account_id: webhook.accountId,
    webhook_id: webhook.webhookId,
    event_uuid: eventUuid,
    event_type: 'order.created',
    api_version: 'v1',
    status: 'PENDING',
    carrier: 'retries',
    next_retry_at: new Date(),
    created_at: accepted,
    last_activity_at: accepted,
    expires_at: new Date(Date.now() + 3_600_000),
    ...columns,
  };
  const names = Object.keys(row);
  await testDatabase.query(
    `INSERT INTO hook.deliveries (${names.join()}) VALUES (${names.map((_, n) => `$${n + 1}`).join()})`,
    Object.values(row),
  );
  return String(row.delivery_id);
}

export async function readDelivery({ testDatabase }: Pipeline, id: string): Promise<DeliveryRow> {
  const [row] = await testDatabase.query<DeliveryRow & Record<string, unknown>>(
    'SELECT * FROM hook.deliveries WHERE delivery_id = $1',
    [id],
  );
  if (row === undefined) throw new Error(`no delivery ${id}`);
  return row;
}
