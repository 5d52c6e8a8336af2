const FIRST_BACKOFF_SECONDS = 30;
const LONGEST_BACKOFF_SECONDS = 900;

/**
 * Visibility of a message whose batch met a fault of ours (database, KMS): min(15 min, 30 s · 2ⁿ). No attempt counts.
 * @param n earlier receives that ended so: SQS's ApproximateReceiveCount less one. Throttled receives count there too,
 *   which only makes the wait longer.
 * Source: design section 1.
 */
export function outageBackoffSeconds(n: number): number {
  return Math.min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** Math.max(0, n));
}
