/**
 * Drills: a service can be taken down or slowed while the engine runs, to see that everything above it defers and
 * loses nothing. Source: design section 8 (`PUT /_local/faults`).
 */
import { z } from 'zod';
import type { ServiceName } from './service.ts';

export const FAULT_NAMES = ['database', 'sqs', 'events', 'kms', 's3'] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export type Fault =
  | { readonly mode: 'up' }
  | { readonly mode: 'down' }
  | { readonly mode: 'slow'; readonly delayMs: number };

const SERVICE_OF: Readonly<Record<FaultName, ServiceName>> = {
  database: 'rds-data',
  sqs: 'sqs',
  events: 'events',
  kms: 'kms',
  s3: 's3',
};

const UP: Fault = { mode: 'up' };
const LONGEST_DELAY_MS = 600_000;

const faultRequest = z.strictObject({
  service: z.enum(FAULT_NAMES),
  mode: z.enum(['up', 'down', 'slow']),
  delayMs: z.int().min(0).max(LONGEST_DELAY_MS).default(1000),
});

export interface Faults {
  set(name: FaultName, fault: Fault): void;
  /** What a request to `service` meets now. */
  of(service: ServiceName): Fault;
  /** The state of every service that faults can be set for. */
  all(): Readonly<Record<FaultName, Fault>>;
}

/** Faults of one engine, all up. */
export function createFaults(): Faults {
  const byService = new Map<ServiceName, Fault>();
  const of = (service: ServiceName): Fault => byService.get(service) ?? UP;
  return {
    set(name, fault) {
      byService.set(SERVICE_OF[name], fault);
    },
    of,
    all: () => ({
      database: of('rds-data'),
      sqs: of('sqs'),
      events: of('events'),
      kms: of('kms'),
      s3: of('s3'),
    }),
  };
}

/**
 * Reads the body of `PUT /_local/faults`: `{ service, mode: "up" | "down" | "slow", delayMs? }`. `delayMs` counts for
 * slow alone (default 1,000, at most 600,000).
 * @returns the service and its new fault, or undefined when the body is anything else.
 */
export function parseFault(body: unknown): { readonly name: FaultName; readonly fault: Fault } | undefined {
  const parsed = faultRequest.safeParse(body);
  if (!parsed.success) return undefined;
  const { service, mode, delayMs } = parsed.data;
  return { name: service, fault: mode === 'slow' ? { mode, delayMs } : { mode } };
}
