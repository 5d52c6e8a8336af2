import { z } from 'zod';
import { EVENT_FILTER_PATTERN, EVENT_TYPE_MAX_CHARS } from '../event-type/event-type.ts';
import { isoTimeSchema } from '../iso-time/iso-time.ts';
import { PLAIN_SECRET_MAX_CHARS, PLAIN_SECRET_MIN_CHARS, parseSecret } from '../secret/webhook-secret.ts';
import { SIGNING_ALGORITHMS } from '../signature/signing-key.ts';
import { TARGET_URL_MAX_CHARS } from '../target/target-url.ts';

export const API_VERSIONS = ['v1', 'v2'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];
export const WEBHOOK_MODES = ['deliver', 'hold'] as const;
export type WebhookMode = (typeof WEBHOOK_MODES)[number];
/** Active webhooks of an account; the database holds it too. Source: design section 2. */
export const MAX_ACTIVE_WEBHOOKS = 10;
export const MAX_EVENT_FILTERS = 100;

const urlSchema = z
  .string()
  .max(TARGET_URL_MAX_CHARS)
  .meta({ format: 'uri', description: 'https, port 443 or from 1024 up, a public address, no credentials.' });

const secretSchema = z
  .string()
  .min(PLAIN_SECRET_MIN_CHARS)
  .max(PLAIN_SECRET_MAX_CHARS)
  .superRefine((text, context) => {
    const parsed = parseSecret(text);
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.message });
  })
  .meta({ description: '`whsec_` and base64 of 24 to 64 bytes, or 16 to 128 characters. Never returned.' });

const eventsSchema = z
  .array(
    z
      .string()
      .max(EVENT_TYPE_MAX_CHARS)
      .regex(EVENT_FILTER_PATTERN, 'must be an event type, a prefix like order.*, or *'),
  )
  .min(1, 'must not be empty: leave it out, or use ["*"], for all events')
  .max(MAX_EVENT_FILTERS)
  .transform((filters) => [...new Set(filters)])
  .meta({ description: 'Types, prefixes like `order.*`, or `*` for all but operational types.' });

const settings = {
  description: z.string().max(255).nullable(),
  events: eventsSchema,
  isActive: z.boolean(),
  mode: z.enum(WEBHOOK_MODES),
  rateLimitPerSecond: z.number().min(0.1).max(1000).nullable(),
  apiVersion: z.enum(API_VERSIONS).nullable().meta({ description: 'null means v1.' }),
  signingAlgorithm: z.enum(SIGNING_ALGORITHMS).meta({ description: 'ed25519 needs apiVersion v2.' }),
};

/** Body of POST /v1/webhooks. Source: design section 3. */
export const webhookCreateSchema = z.strictObject({
  url: urlSchema,
  secret: secretSchema.optional(),
  description: settings.description.optional(),
  events: settings.events.optional(),
  isActive: settings.isActive.optional(),
  mode: settings.mode.optional(),
  rateLimitPerSecond: settings.rateLimitPerSecond.optional(),
  apiVersion: settings.apiVersion.optional(),
  signingAlgorithm: settings.signingAlgorithm.optional(),
});

/** Body of PUT /v1/webhooks/{id}: what is absent stays. Source: design section 3. */
export const webhookUpdateSchema = webhookCreateSchema.extend({ url: urlSchema.optional() });

/** Body of POST /v1/webhooks/{id}/secret/rotate. Source: design section 10. */
export const secretRotationSchema = z.strictObject({
  overlapHours: z.number().min(0).max(168).default(24).meta({ description: 'How long the old secret signs too.' }),
});

const RECOVERABLE_STATUSES = ['delivered', 'failed', 'dead_letter'] as const;

/** Body of POST /v1/webhooks/{id}/recover: what ended and can be started again. Source: design sections 3 and 10. */
export const recoverySchema = z.strictObject({
  since: isoTimeSchema,
  until: isoTimeSchema.optional(),
  statuses: z.array(z.enum(RECOVERABLE_STATUSES)).min(1).default(['failed', 'dead_letter']),
  dryRun: z.boolean().default(false),
});
