/**
 * What every AWS client of the functions has in common. The SDK's own defaults would retry three times with waits and
 * never give up on a silent socket; here a caller (a queue, an API deadline) decides how long something may take.
 */
export interface ClientLimits {
  /** Whole request, in ms; above what the service may need for the longest call made with the client. */
  readonly requestTimeoutMs: number;
  /** Attempts in all; more than one only where a repeated call does no harm. */
  readonly maxAttempts: number;
  /** Sockets to the service: the calls that one invocation makes at once. */
  readonly maxSockets: number;
}

const CONNECT_TIMEOUT_MS = 2_000;

export function clientOptions(limits: ClientLimits) {
  return {
    maxAttempts: limits.maxAttempts,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: limits.requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: limits.maxSockets },
      httpsAgent: { keepAlive: true, maxSockets: limits.maxSockets },
    },
  };
}
