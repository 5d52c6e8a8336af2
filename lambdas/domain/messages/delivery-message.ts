import { z } from 'zod';

/** A webhook's configuration as it travels in a message: secrets still sealed, and when it was read. */
export const webhookSnapshotSchema = z.object({
  url: z.string(),
  secretEnc: z.string(),
  previousSecretEnc: z.string().nullable(),
  /** ISO 8601. */
  previousSecretExpiresAt: z.string().nullable(),
  signingAlgorithm: z.enum(['HMAC-SHA256', 'ed25519']),
  signingKeyEnc: z.string().nullable(),
  /** The account's data key, wrapped by KMS. */
  wrappedKey: z.string(),
  rateLimitPerSecond: z.number().nullable(),
  /** Unix milliseconds; used for configCacheSeconds, then read again. */
  readAt: z.number(),
});

/** What is sent, fixed at fan-out. */
export const eventSnapshotSchema = z.object({
  /** What the receiver sees as `id`: the caller's eventId, else the event uuid. */
  id: z.string(),
  type: z.string(),
  /** ISO 8601: occurredAt, else the acceptance. */
  timestamp: z.string(),
  objectType: z.string().nullable(),
  objectId: z.string().nullable(),
  /** Raw JSON text of `data`, up to 48 KB; absent when it must be read from hook.events. */
  payload: z.string().optional(),
});

const identity = {
  v: z.literal(1),
  deliveryId: z.uuid(),
  generation: z.int().min(0),
  /** Passes of this message through queues that we made ourselves; SQS's own loop detection is off. */
  hops: z.int().min(0),
};

/** A delivery to make. What fan-out enqueues carries everything; what the sweeper or the API enqueues only ids. */
export const deliverMessageSchema = z.object({
  ...identity,
  kind: z.literal('deliver'),
  /** The lease that the row was left under by whoever enqueued this; absent on re-sent messages. */
  claim: z.object({ token: z.uuid(), untilMs: z.number() }).optional(),
  delivery: z
    .object({
      accountId: z.string(),
      webhookId: z.uuid(),
      eventUuid: z.uuid(),
      apiVersion: z.enum(['v1', 'v2']),
    })
    .optional(),
  event: eventSnapshotSchema.optional(),
  webhook: webhookSnapshotSchema.optional(),
});

/** One HTTP attempt as it is recorded. */
export const attemptRecordSchema = z.object({
  deliveryId: z.uuid(),
  generation: z.int(),
  attemptNumber: z.int().min(1),
  /** The lease under which it was made: its result ends that one, and nobody else's. */
  claimToken: z.uuid().optional(),
  /** Unix milliseconds. */
  startedAt: z.number(),
  durationMs: z.int(),
  httpStatus: z.int().nullable(),
  error: z.string().nullable(),
  responseHeaders: z.array(z.tuple([z.string(), z.string()])),
  /** base64 of the kept part. */
  responseBody: z.string(),
  outcome: z.enum(['delivered', 'accepted', 'retry', 'parked', 'exhausted', 'gone']),
  /** Unix milliseconds; for `retry` and `parked`. */
  nextRetryAt: z.number().nullable(),
});

/** The database was away when the result was to be written: the result itself waits in the queue. No second POST. */
export const recordMessageSchema = z.object({
  ...identity,
  kind: z.literal('record'),
  accountId: z.string(),
  webhookId: z.uuid(),
  record: attemptRecordSchema,
});

/** What the deliver function puts on the dead-letters queue: exhausted. Anything else there is unexplained. */
export const deadLetterMessageSchema = z.object({
  ...identity,
  kind: z.literal('exhausted'),
});

export const queueMessageSchema = z.discriminatedUnion('kind', [deliverMessageSchema, recordMessageSchema]);
export const deadLetterQueueMessageSchema = z.discriminatedUnion('kind', [
  deliverMessageSchema,
  recordMessageSchema,
  deadLetterMessageSchema,
]);

export type WebhookSnapshot = z.output<typeof webhookSnapshotSchema>;
export type EventSnapshot = z.output<typeof eventSnapshotSchema>;
export type DeliverMessage = z.output<typeof deliverMessageSchema>;
export type AttemptRecord = z.output<typeof attemptRecordSchema>;
export type RecordMessage = z.output<typeof recordMessageSchema>;
export type DeadLetterMessage = z.output<typeof deadLetterMessageSchema>;
