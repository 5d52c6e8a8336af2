import { z } from 'zod';

/** 0001-01-01 UTC: PostgreSQL has no year 0 in ISO form, and one such text would fail its whole batch. */
const EARLIEST_MS = -62_135_596_800_000;
/** 9999-12-31 UTC, to its end: a zone takes a time over it, and `+010000-…` is no text for PostgreSQL either. */
const LATEST_MS = 253_402_300_799_999;

/**
 * A moment in ISO 8601, with its zone. In UTC it stays as written (receivers see it again), else it becomes UTC.
 * Source: design section 10.
 */
export const isoTimeSchema = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with its zone, like 2026-11-22T17:05:00Z' })
  .max(64)
  .refine((text) => Date.parse(text) >= EARLIEST_MS, 'must not lie before the year 1')
  .refine((text) => Date.parse(text) <= LATEST_MS, 'must not lie after the year 9999')
  .transform((text) => (text.endsWith('Z') ? text : new Date(text).toISOString()));
