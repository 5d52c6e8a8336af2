import { type Carriage, type CarriageProps, carriageOf } from '../retry-schedule/carriage.ts';
import { parseRetryAfter } from '../retry-schedule/retry-after.ts';
import { retryDelayMs } from '../retry-schedule/retry-delay.ts';
import { type AttemptError, responseError } from './attempt-error.ts';

/** What became of one POST. */
export type Answer =
  /** `headers` in lower case. A response that was cut off is an error, not a response. */
  | { readonly kind: 'response'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'error'; readonly error: AttemptError };

export type AttemptOutcome =
  | { readonly kind: 'delivered'; readonly httpStatus: number }
  /** The receiver works on; callbacks follow (IN_PROGRESS). */
  | { readonly kind: 'accepted'; readonly httpStatus: number }
  | RetryOutcome
  /** The schedule is used up: DEAD_LETTER. */
  | { readonly kind: 'exhausted'; readonly error: AttemptError }
  /** 410: FAILED, and the webhook is disabled. */
  | { readonly kind: 'gone'; readonly error: AttemptError };

/** FAILED_RETRY: `retry` waits on a queue, `parked` in its row alone. */
export type RetryOutcome =
  | {
      readonly kind: 'retry';
      readonly error: AttemptError;
      readonly delayMs: number;
      readonly dueAtMs: number;
      readonly carriage: Exclude<Carriage, { readonly by: 'parked' }>;
    }
  | { readonly kind: 'parked'; readonly error: AttemptError; readonly delayMs: number; readonly dueAtMs: number };

export interface OutcomeProps extends Omit<CarriageProps, 'waitMs'> {
  readonly answer: Answer;
  /** 1-based number of this attempt. */
  readonly attempt: number;
  readonly scheduleMs: readonly number[];
  /** In [0, 1), injected. */
  readonly jitter: number;
  readonly nowMs: number;
}

const GONE = 410;
/** Answers whose Retry-After is honoured. Source: design section 4. */
const RETRY_AFTER_STATUSES: readonly number[] = [429, 503];
const CALLBACK_HEADERS = ['x-webhook-callback', 'x-tmi-callback'];

/**
 * Decides what an attempt's answer means.
 * @throws RangeError if attempt < 1.
 * Source: design section 4.
 */
export function outcomeOf(props: OutcomeProps): AttemptOutcome {
  const { answer } = props;
  if (answer.kind === 'error') return failed(props, answer.error, undefined);
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: isAsync(headers) ? 'accepted' : 'delivered', httpStatus: status };
  const error = responseError(status);
  if (status === GONE) return { kind: 'gone', error };
  const isHonoured = RETRY_AFTER_STATUSES.includes(status);
  return failed(props, error, isHonoured ? parseRetryAfter(headers['retry-after'], props.nowMs) : undefined);
}

/**
 * Whether an answer counts towards opening the webhook's circuit: transport errors (a refused target among
 * them: there is nothing to send to), timeouts, 5xx and 429. A 4xx or a redirect shows a receiver that is up.
 * Source: design section 4.
 */
export function isCircuitFailure(answer: Answer): boolean {
  return answer.kind === 'error' || answer.status >= 500 || answer.status === 429;
}

function failed(props: OutcomeProps, error: AttemptError, retryAfterMs: number | undefined): AttemptOutcome {
  const { attempt, scheduleMs, jitter, nowMs, lane, inFlight, inFlightLimit } = props;
  const delayMs = retryDelayMs({ attempt, scheduleMs, jitter, retryAfterMs });
  if (delayMs === undefined) return { kind: 'exhausted', error };
  const wait = { error, delayMs, dueAtMs: nowMs + delayMs };
  const carriage = carriageOf({ waitMs: delayMs, lane, inFlight, inFlightLimit });
  return carriage.by === 'parked' ? { kind: 'parked', ...wait } : { kind: 'retry', ...wait, carriage };
}

function isAsync(headers: Readonly<Record<string, string>>): boolean {
  return CALLBACK_HEADERS.some((name) => headers[name]?.trim().toLowerCase() === 'async');
}
