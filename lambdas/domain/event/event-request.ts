import { z } from 'zod';
import { EVENT_TYPE_MAX_CHARS, EVENT_TYPE_PATTERN, isReservedEventType } from '../event-type/event-type.ts';
import { isoTimeSchema } from '../iso-time/iso-time.ts';
import { hasQueueForbiddenCharacters } from '../text/queue-characters.ts';

/** 200 KB of request body. Source: design section 10. */
export const EVENT_BODY_MAX_BYTES = 204_800;
/** 1 MB of a batch's body. Source: design section 3. */
export const EVENT_BATCH_BODY_MAX_BYTES = 1_048_576;
export const EVENT_BATCH_MAX_EVENTS = 100;
export const EVENT_ID_MAX_CHARS = 128;
const OBJECT_MAX_CHARS = 255;

/** Outside of `data` these would reach the bus as they are, and be lost between it and its queue. */
const isQueueText = [(text: string) => !hasQueueForbiddenCharacters(text), 'must not hold U+FFFE or U+FFFF'] as const;

/** Body of POST /v1/events. Source: design sections 3 and 10. */
export const eventSchema = z.strictObject({
  eventId: z
    .string()
    .min(1)
    .max(EVENT_ID_MAX_CHARS)
    .refine(...isQueueText)
    .optional()
    .meta({ description: 'Idempotency key, for 48 h: a second event with it is accepted and not delivered.' }),
  type: z
    .string()
    .max(EVENT_TYPE_MAX_CHARS)
    .regex(EVENT_TYPE_PATTERN, 'must be dot-separated words of letters, digits, _ and -')
    .refine((type) => !isReservedEventType(type), 'is reserved: Tidegate alone raises it'),
  data: z.record(z.string(), z.unknown()).meta({ description: 'Reaches the receiver byte for byte.' }),
  objectType: z
    .string()
    .min(1)
    .max(OBJECT_MAX_CHARS)
    .refine(...isQueueText)
    .optional(),
  objectId: z
    .string()
    .min(1)
    .max(OBJECT_MAX_CHARS)
    .refine(...isQueueText)
    .optional(),
  occurredAt: isoTimeSchema.optional(),
});

/** Body of POST /v1/events/batch, for documentation: in service each event is judged by itself. */
export const eventBatchSchema = z.strictObject({
  events: z.array(eventSchema).min(1).max(EVENT_BATCH_MAX_EVENTS),
});

/** What must hold for the batch as a whole; its events may each be refused. */
export const eventBatchEnvelopeSchema = z.strictObject({
  events: z.array(z.unknown()).min(1).max(EVENT_BATCH_MAX_EVENTS),
});
