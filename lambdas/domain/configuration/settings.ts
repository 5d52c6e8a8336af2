import { z } from 'zod';

/**
 * What the functions need of the stack's context at run time: one JSON text in the variable SETTINGS of every function,
 * so that a new setting needs no new variable. The schema here validates it at cold start.
 */
export const settingsSchema = z.object({
  stage: z.string(),
  jwtAudience: z.string(),
  accountClaim: z.string(),
  retryScheduleSeconds: z.array(z.number()),
  deliveryTimeoutSeconds: z.number(),
  callbackTimeoutSeconds: z.number(),
  openTtlSeconds: z.number(),
  terminalRetentionDays: z.number(),
  holdRetentionDays: z.number(),
  circuitThreshold: z.number(),
  circuitOpenSeconds: z.array(z.number()),
  inFlightLimit: z.number(),
  configCacheSeconds: z.number(),
  keyCacheSeconds: z.number(),
});

export type Settings = z.output<typeof settingsSchema>;
