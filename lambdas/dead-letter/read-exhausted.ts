import { z } from 'zod';
import type { Statement } from '../adapters/database/database.ts';

const rowSchema = z.object({
  deliveryId: z.string(),
  generation: z.number(),
  accountId: z.string(),
  webhookId: z.string(),
  eventType: z.string(),
  attempts: z.number(),
  lastError: z.string().nullable(),
});

export type ExhaustedRow = z.output<typeof rowSchema>;

/** Those of a batch that are dead letters of this generation and that nobody has announced yet. */
export const readExhausted: Statement<ExhaustedRow> = {
  isRepeatable: true,
  row: rowSchema,
  sql: `
    SELECT json_build_object('deliveryId', d.delivery_id, 'generation', d.generation, 'accountId', d.account_id,
                             'webhookId', d.webhook_id, 'eventType', d.event_type, 'attempts', d.attempts,
                             'lastError', d.last_error)::text
      FROM jsonb_to_recordset(:messages::text::jsonb) AS m(d uuid, g int)
      JOIN hook.deliveries d ON d.delivery_id = m.d AND d.generation = m.g
     WHERE d.delivery_id BETWEEN :low::uuid AND :high::uuid
       AND d.status = 'DEAD_LETTER' AND d.dead_letter_notified_at IS NULL`,
};
