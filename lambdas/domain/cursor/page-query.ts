import { z } from 'zod';

export const PAGE_LIMIT_DEFAULT = 20;
export const PAGE_LIMIT_MAX = 100;

const LIMIT_MESSAGE = `must be a whole number from 1 to ${PAGE_LIMIT_MAX}`;

/** `limit` and `cursor` of every list, as they stand in a query. Source: design sections 3 and 10. */
export const pageQueryShape = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, LIMIT_MESSAGE)
    .transform(Number)
    .pipe(z.int().min(1, LIMIT_MESSAGE).max(PAGE_LIMIT_MAX, LIMIT_MESSAGE))
    .default(PAGE_LIMIT_DEFAULT)
    .meta({ description: 'Items on a page.', examples: ['20'] }),
  cursor: z.string().min(1).max(512).optional().meta({ description: 'The nextCursor of the page before.' }),
};

/** Query of a list without filters. */
export const pageQuerySchema = z.strictObject(pageQueryShape);
export type PageQuery = z.output<typeof pageQuerySchema>;
