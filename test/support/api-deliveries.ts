/** Deliveries in whatever state a test of the API needs, as the pipeline would have left them. */
import { randomBytes } from 'node:crypto';
import { deliveryId } from '../../lambdas/domain/ids/delivery-id.ts';
import { newEventUuid } from '../../lambdas/domain/ids/event-uuid.ts';
import type { TestDatabase } from './database.ts';

export interface DeliveryProps {
  readonly accountId: string;
  readonly webhookId: string;
  /** As stored. @default 'DELIVERED' */
  readonly status?: string;
  /** Unix ms. @default now */
  readonly acceptedAtMs?: number;
  /** @default 'order.paid' */
  readonly type?: string;
  /** JSON text. @default '{}' */
  readonly payload?: string;
  /** The caller's own id of the event. */
  readonly eventKey?: string;
  /** Further columns of `hook.deliveries`. */
  readonly columns?: Readonly<Record<string, unknown>>;
}

export interface TestDelivery {
  readonly deliveryId: string;
  readonly eventUuid: string;
}

export async function addDelivery(database: TestDatabase, props: DeliveryProps): Promise<TestDelivery> {
  const acceptedAtMs = props.acceptedAtMs ?? Date.now();
  const eventUuid = newEventUuid(acceptedAtMs, randomBytes(16));
  const id = deliveryId(eventUuid, props.webhookId);
  const acceptedAt = new Date(acceptedAtMs).toISOString();
  await database.query(
    `INSERT INTO hook.events (event_uuid, account_id, event_key, event_type, accepted_at, payload_snapshot, matched)
     VALUES ($1, $2, $3, $4, $5, $6, 1)`,
    [eventUuid, props.accountId, props.eventKey ?? null, props.type ?? 'order.paid', acceptedAt, props.payload ?? '{}'],
  );
  const row = {
    delivery_id: id,
    account_id: props.accountId,
    webhook_id: props.webhookId,
    event_uuid: eventUuid,
    event_type: props.type ?? 'order.paid',
    api_version: 'v1',
    status: props.status ?? 'DELIVERED',
    carrier: 'deliveries',
    created_at: acceptedAt,
    last_activity_at: acceptedAt,
    ...props.columns,
  };
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  await database.query(`INSERT INTO hook.deliveries (${names}) VALUES (${places})`, Object.values(row));
  return { deliveryId: id, eventUuid };
}

export interface AttemptProps {
  readonly generation?: number;
  readonly attemptNumber: number;
  readonly httpStatus?: number | null;
  readonly error?: string | null;
  readonly responseHeaders?: ReadonlyArray<readonly [string, string]>;
  readonly responseBody?: Buffer | null;
}

export async function addAttempt(database: TestDatabase, id: string, props: AttemptProps): Promise<void> {
  await database.query(
    `INSERT INTO hook.delivery_attempts (delivery_id, generation, attempt_number, started_at, duration_ms, http_status,
                                         error, response_headers, response_body)
     VALUES ($1, $2, $3, '2026-01-02T03:04:05.678Z', 12, $4, $5, $6, $7)`,
    [
      id,
      props.generation ?? 0,
      props.attemptNumber,
      props.httpStatus === undefined ? 200 : props.httpStatus,
      props.error ?? null,
      JSON.stringify(props.responseHeaders ?? []),
      props.responseBody ?? null,
    ],
  );
}

export interface DeliveryState {
  readonly status: string;
  readonly generation: number;
  readonly attempts: number;
  readonly carrier: string;
  readonly claim_token: string | null;
  readonly claimed_until: Date | null;
  readonly next_retry_at: Date | null;
  readonly expires_at: Date | null;
  readonly failure_reason: string | null;
}

/** The row of a delivery. */
export async function deliveryState(database: TestDatabase, id: string): Promise<DeliveryState> {
  const [row] = await database.query<DeliveryState & Record<string, unknown>>(
    'SELECT * FROM hook.deliveries WHERE delivery_id = $1',
    [id],
  );
  if (row === undefined) throw new Error(`no delivery ${id}`);
  return row;
}
