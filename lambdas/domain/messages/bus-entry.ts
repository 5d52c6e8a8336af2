import { z } from 'zod';

/** Source of the entries that the API itself puts on the bus; anybody else in the account is a direct producer. */
export const API_SOURCE = 'tidegate.api';
/** Source of operational events (webhook.disabled, delivery.dead_lettered, …); they never raise further ones. */
export const OPERATIONAL_SOURCE = 'tidegate';

/** One accepted event inside an entry of the API. `payload` is the raw text of `data`, byte for byte as accepted. */
export const acceptedEventSchema = z.object({
  eventUuid: z.uuid(),
  accountId: z.string().min(1).max(128),
  eventId: z.string().min(1).max(128).optional(),
  type: z.string().min(1).max(128),
  objectType: z.string().max(255).optional(),
  objectId: z.string().max(255).optional(),
  /** ISO 8601. */
  occurredAt: z.string().optional(),
  /** Unix milliseconds; equals the time inside eventUuid. */
  acceptedAt: z.int(),
  payload: z.string(),
  /** A dense 200 KB body is over 250 KB once escaped: above 200 KB escaped it travels gzipped. */
  payloadEncoding: z.literal('gzip-base64').optional(),
  /** Only this webhook, whatever its filter (webhook.test, addon.invoked). */
  webhookId: z.uuid().optional(),
});

export const apiDetailSchema = z.object({ events: z.array(acceptedEventSchema).min(1).max(100) });

export type AcceptedEvent = z.output<typeof acceptedEventSchema>;

/** Detail of an entry that a direct producer in the account puts on the bus. `data` is taken as its raw slice. */
export const directDetailSchema = z.object({
  accountId: z.string().min(1).max(128),
  eventId: z.string().min(1).max(128).optional(),
  objectType: z.string().max(255).optional(),
  objectId: z.string().max(255).optional(),
  occurredAt: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
