import { z } from 'zod';
import { pageQueryShape } from '../cursor/page-query.ts';
import { DELIVERY_STATUS_WORDS, type DeliveryStatus, statusFromWord } from '../delivery-status/delivery-status.ts';
import { EVENT_TYPE_MAX_CHARS, EVENT_TYPE_PATTERN } from '../event-type/event-type.ts';
import { isoTimeSchema } from '../iso-time/iso-time.ts';

const accountIdSchema = z.string().min(1).max(255);
const uuidSchema = z.guid('must be a UUID').transform((text) => text.toLowerCase());
const eventTypeSchema = z.string().max(EVENT_TYPE_MAX_CHARS).regex(EVENT_TYPE_PATTERN, 'must be an event type');

/** One status, or several with commas (an HTTP API joins a repeated key that way); gives the stored ones. */
const statusesSchema = z
  .string()
  .transform((text, context) => {
    const statuses: DeliveryStatus[] = [];
    for (const word of text.split(',')) {
      const status = statusFromWord(word);
      if (status === undefined) {
        context.addIssue({ code: 'custom', message: `must be of ${DELIVERY_STATUS_WORDS.join(', ')}` });
        return z.NEVER;
      }
      statuses.push(status);
    }
    return statuses;
  })
  .meta({ description: `One or more of ${DELIVERY_STATUS_WORDS.join(', ')}, separated by commas.` });

const filterShape = {
  webhookId: uuidSchema.optional(),
  eventType: eventTypeSchema.optional(),
  since: isoTimeSchema.optional(),
  until: isoTimeSchema.optional(),
};

/** Query of GET /v1/deliveries. Source: design section 3. */
export const deliveryQuerySchema = z.strictObject({
  ...filterShape,
  status: statusesSchema.optional(),
  ...pageQueryShape,
});
export type DeliveryQuery = z.output<typeof deliveryQuerySchema>;

/** Query of GET /admin/webhooks/deliveries: across accounts. Source: design section 3. */
export const adminDeliveryQuerySchema = deliveryQuerySchema.extend({ accountId: accountIdSchema.optional() });
export type AdminDeliveryQuery = z.output<typeof adminDeliveryQuerySchema>;

/** Query of GET /admin/dead-letters. Source: design section 3. */
export const deadLetterQuerySchema = z.strictObject({
  accountId: accountIdSchema.optional(),
  ...filterShape,
  ...pageQueryShape,
});
export type DeadLetterQuery = z.output<typeof deadLetterQuerySchema>;

/** Body of POST /admin/dead-letters/redrive: by ids or by filter, never everything by accident. Source: section 10. */
export const redriveSchema = z
  .strictObject({
    deliveryIds: z.array(uuidSchema).min(1).max(100).optional(),
    filter: z.strictObject({ accountId: accountIdSchema.optional(), ...filterShape }).optional(),
    ratePerSecond: z.number().min(0.1).max(1000).optional(),
    dryRun: z.boolean().default(false),
  })
  .refine(({ deliveryIds, filter }) => (deliveryIds === undefined) !== (filter === undefined), {
    message: 'give either deliveryIds or filter',
    path: ['deliveryIds'],
  });
export type RedriveRequest = z.output<typeof redriveSchema>;

/** Body of POST /v1/deliveries/{id}/retry: nothing to say. */
export const retrySchema = z.strictObject({});
