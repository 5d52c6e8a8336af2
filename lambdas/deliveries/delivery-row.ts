import { z } from 'zod';
import { timestampSchema } from '../adapters/database/timestamp.ts';
import { DELIVERY_STATUSES, statusWord } from '../domain/delivery-status/delivery-status.ts';

export const deliveryRowSchema = z.object({
  deliveryId: z.string(),
  accountId: z.string(),
  webhookId: z.string(),
  eventUuid: z.string(),
  eventKey: z.string().nullable(),
  eventType: z.string(),
  apiVersion: z.string(),
  status: z.enum(DELIVERY_STATUSES),
  statusPercent: z.number().nullable(),
  statusMessage: z.string().nullable(),
  attemptCount: z.number(),
  nextRetryAt: timestampSchema.nullable(),
  lastError: z.string().nullable(),
  failureReason: z.string().nullable(),
  createdAt: timestampSchema,
  deliveredAt: timestampSchema.nullable(),
  lastActivityAt: timestampSchema,
  expiresAt: timestampSchema.nullable(),
});

export type DeliveryRow = z.output<typeof deliveryRowSchema>;

/**
 * Columns of `hook.deliveries d`, and of its event `e` for the caller's own id, as one JSON object. Both share their
 * day, so neither outlives the other's partition.
 */
export const DELIVERY_JSON = `json_build_object(
  'deliveryId', d.delivery_id, 'accountId', d.account_id, 'webhookId', d.webhook_id, 'eventUuid', d.event_uuid,
  'eventKey', e.event_key, 'eventType', d.event_type, 'apiVersion', d.api_version, 'status', d.status,
  'statusPercent', d.status_percent, 'statusMessage', d.status_message, 'attemptCount', d.attempts,
  'nextRetryAt', d.next_retry_at, 'lastError', d.last_error, 'failureReason', d.failure_reason,
  'createdAt', d.created_at, 'deliveredAt', d.delivered_at, 'lastActivityAt', d.last_activity_at,
  'expiresAt', d.expires_at)::text`;

/** The delivery of the API: design section 10, shapes. */
export function deliveryView({ eventUuid, eventKey, status, ...delivery }: DeliveryRow): Record<string, unknown> {
  return { ...delivery, eventId: eventKey ?? eventUuid, status: statusWord(status) };
}
