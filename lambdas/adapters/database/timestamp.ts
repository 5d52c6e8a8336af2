import { z } from 'zod';

/** A timestamptz inside a JSON row, as ISO 8601 UTC with milliseconds. */
export const timestampSchema = z.string().transform((text) => new Date(text).toISOString());
