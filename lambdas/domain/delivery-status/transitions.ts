import type { DeliveryStatus } from './delivery-status.ts';

/** What moves a delivery. */
export type TransitionCause = 'attempt' | 'callback' | 'hold' | 'release' | 'timeout' | 'deletion' | 'byHand';

type Moves = { readonly [From in DeliveryStatus]?: readonly DeliveryStatus[] };

/**
 * Every move there is, by its cause; SQL makes them as conditional UPDATEs, none goes back.
 * - attempt: the result of a POST. It never touches IN_PROGRESS: a verified callback beats it.
 * - callback: taken in any open status; one in FAILED_RETRY cancels the retry, one in HELD the hold.
 * - hold, release: the webhook stops taking deliveries, and takes them again. IN_PROGRESS is not held: the receiver has
 *   the event already, and a release would send it twice.
 * - timeout: time to live, holdRetentionDays, callbackTimeoutSeconds.
 * - byHand: retry, redrive, recover; attempts 0 and a new generation. CANCELLED has no webhook left to go to.
 * Source: design sections 2 and 10.
 */
export const TRANSITIONS: { readonly [Cause in TransitionCause]: Moves } = {
  attempt: {
    PENDING: ['DELIVERED', 'IN_PROGRESS', 'FAILED_RETRY', 'FAILED', 'DEAD_LETTER'],
    FAILED_RETRY: ['DELIVERED', 'IN_PROGRESS', 'FAILED_RETRY', 'FAILED', 'DEAD_LETTER'],
  },
  callback: {
    PENDING: ['IN_PROGRESS', 'DELIVERED', 'FAILED'],
    FAILED_RETRY: ['IN_PROGRESS', 'DELIVERED', 'FAILED'],
    HELD: ['IN_PROGRESS', 'DELIVERED', 'FAILED'],
    IN_PROGRESS: ['IN_PROGRESS', 'DELIVERED', 'FAILED'],
  },
  hold: { PENDING: ['HELD'], FAILED_RETRY: ['HELD'] },
  release: { HELD: ['PENDING'] },
  timeout: { PENDING: ['FAILED'], FAILED_RETRY: ['FAILED'], HELD: ['FAILED'], IN_PROGRESS: ['FAILED'] },
  deletion: {
    PENDING: ['CANCELLED'],
    FAILED_RETRY: ['CANCELLED'],
    HELD: ['CANCELLED'],
    IN_PROGRESS: ['CANCELLED'],
  },
  byHand: { DELIVERED: ['PENDING'], FAILED: ['PENDING'], DEAD_LETTER: ['PENDING'] },
};

/** Whether `cause` may take a delivery from one status to the other. */
export function canTransition(cause: TransitionCause, from: DeliveryStatus, to: DeliveryStatus): boolean {
  return TRANSITIONS[cause][from]?.includes(to) ?? false;
}

/** Whether a retry, redrive or recover by hand may start this delivery again; open ones and cancelled ones may not. */
export function canRestart(status: DeliveryStatus): boolean {
  return canTransition('byHand', status, 'PENDING');
}
