/** DelaySeconds is at most 15 minutes. Source: SQS Developer Guide, "Amazon SQS delay queues". */
export const DELAY_MAX_SECONDS = 900;
/** Visibility could be 12 h from the receive; beyond 1 h a wait is parked, so that it fills no in-flight quota. */
export const VISIBILITY_MAX_SECONDS = 3600;

export type Lane = 'deliveries' | 'retries';

/** Who carries a delivery until it is due. */
export type Carriage =
  /** A new message on the retries queue; the one in hand is deleted. */
  | { readonly by: 'delay'; readonly delaySeconds: number }
  /** The message in hand (retries lane) is hidden that long. */
  | { readonly by: 'visibility'; readonly visibilitySeconds: number }
  /** The row alone; the message is deleted and the sweeper enqueues it again. */
  | { readonly by: 'parked' };

export interface CarriageProps {
  readonly waitMs: number;
  /** Lane of the message in hand. */
  readonly lane: Lane;
  /** Messages in flight, as last counted; SQS stops handing out at about 120,000. */
  readonly inFlight: number;
  readonly inFlightLimit: number;
}

/**
 * Chooses the carrier of a wait. Seconds are rounded up: a message that comes early finds its row not due.
 * Source: design section 1.
 */
export function carriageOf({ waitMs, lane, inFlight, inFlightLimit }: CarriageProps): Carriage {
  const seconds = Math.max(0, Math.ceil(waitMs / 1000));
  if (inFlight >= inFlightLimit) return { by: 'parked' };
  if (lane === 'deliveries') {
    return seconds <= DELAY_MAX_SECONDS ? { by: 'delay', delaySeconds: seconds } : { by: 'parked' };
  }
  return seconds <= VISIBILITY_MAX_SECONDS ? { by: 'visibility', visibilitySeconds: seconds } : { by: 'parked' };
}
