import { errorName } from '../sdk/sdk-error.ts';

/**
 * KMS did not give a key.
 * - KMS_UNAVAILABLE: away, throttled, the key disabled, or access to it lost: an operator or time mends that, so the
 *   caller defers.
 * - KEY_UNUSABLE: the wrapped key is not one of this KMS key and account: no waiting helps.
 */
export class KmsFault extends Error {
  readonly code: 'KMS_UNAVAILABLE' | 'KEY_UNUSABLE';
  readonly retryable: boolean;
  constructor(code: 'KMS_UNAVAILABLE' | 'KEY_UNUSABLE', cause: unknown) {
    super(`KMS fault ${code}`, { cause });
    this.name = 'KmsFault';
    this.code = code;
    this.retryable = code === 'KMS_UNAVAILABLE';
  }
}

/** A sealed text that does not open: cut, altered, or sealed for another account, webhook or purpose. Fails closed. */
export class SealFault extends Error {
  readonly code = 'SEAL_BROKEN';
  readonly retryable = false;
  constructor(cause?: unknown) {
    super('the sealed text does not open', { cause });
    this.name = 'SealFault';
  }
}

const UNUSABLE = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

export function kmsFaultFrom(error: unknown): KmsFault {
  return new KmsFault(UNUSABLE.has(errorName(error)) ? 'KEY_UNUSABLE' : 'KMS_UNAVAILABLE', error);
}
