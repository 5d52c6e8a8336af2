/** Statuses as stored; the JSON word is the same in lower case. Source: design section 2. */
export const DELIVERY_STATUSES = [
  'PENDING',
  'IN_PROGRESS',
  'FAILED_RETRY',
  'HELD',
  'DELIVERED',
  'FAILED',
  'DEAD_LETTER',
  'CANCELLED',
] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];
export type DeliveryStatusWord = Lowercase<DeliveryStatus>;

export const TERMINAL_STATUSES = ['DELIVERED', 'FAILED', 'DEAD_LETTER', 'CANCELLED'] as const;
export const OPEN_STATUSES = ['PENDING', 'IN_PROGRESS', 'FAILED_RETRY', 'HELD'] as const;

/** Why a delivery ended without success. Source: design section 10. */
export const FAILURE_REASONS = ['expired', 'callback_timeout', 'gone', 'callback_failed', 'exhausted'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Nothing but a retry, redrive or recover by hand leaves a terminal status. */
export function isTerminal(status: DeliveryStatus): boolean {
  return (TERMINAL_STATUSES as readonly DeliveryStatus[]).includes(status);
}

export function isDeliveryStatus(text: unknown): text is DeliveryStatus {
  return (DELIVERY_STATUSES as readonly unknown[]).includes(text);
}

/** The word of the API for a stored status. */
export function statusWord(status: DeliveryStatus): DeliveryStatusWord {
  return STATUS_WORDS[status];
}

/** The stored status of a word of the API; undefined for any other text (upper case too). */
export function statusFromWord(word: string): DeliveryStatus | undefined {
  return DELIVERY_STATUSES.find((status) => STATUS_WORDS[status] === word);
}

const STATUS_WORDS: { readonly [S in DeliveryStatus]: Lowercase<S> } = {
  PENDING: 'pending',
  IN_PROGRESS: 'in_progress',
  FAILED_RETRY: 'failed_retry',
  HELD: 'held',
  DELIVERED: 'delivered',
  FAILED: 'failed',
  DEAD_LETTER: 'dead_letter',
  CANCELLED: 'cancelled',
};

/** All words of the API, in the order of the stored statuses. */
export const DELIVERY_STATUS_WORDS = [
  'pending',
  'in_progress',
  'failed_retry',
  'held',
  'delivered',
  'failed',
  'dead_letter',
  'cancelled',
] as const satisfies readonly DeliveryStatusWord[];
