/** Every code of the API with its HTTP status. Source: design section 10. */
export const API_ERROR_STATUS = {
  VALIDATION_ERROR: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  MAX_WEBHOOKS_EXCEEDED: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  MAINTENANCE: 503,
  UNAVAILABLE: 503,
} as const;
export type ApiErrorCode = keyof typeof API_ERROR_STATUS;

export interface ApiErrorBody {
  readonly error: ApiErrorCode;
  readonly message: string;
  /** Dotted path of the member at fault (`parameters.0.name`), or the name of a query key. */
  readonly field?: string;
}

export interface ApiErrorDetails {
  readonly field?: string | undefined;
  /** Value of the Retry-After header, for 429 and 503. */
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A refusal that the caller of the API is told about.
 * @param message fit for the caller: no secret, no SQL, nothing of another account.
 */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ApiErrorCode, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ApiError';
    this.code = code;
    this.field = details.field;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get status(): number {
    return API_ERROR_STATUS[this.code];
  }

  /** Whether the same request may succeed later, unchanged. */
  get retryable(): boolean {
    return this.status === 429 || this.status >= 500;
  }

  toBody(): ApiErrorBody {
    const { code, message, field } = this;
    return field === undefined ? { error: code, message } : { error: code, message, field };
  }
}

/** The one answer for ids that are unknown, malformed, or another account's: they must not be told apart. */
export function notFound(what: string): ApiError {
  return new ApiError('NOT_FOUND', `${what} not found`);
}

/** 400 on one field. */
export function invalidField(field: string, message: string): ApiError {
  return new ApiError('VALIDATION_ERROR', message, { field });
}
