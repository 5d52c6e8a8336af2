import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  errorText,
  responseError,
  transportError,
  transportErrorOf,
} from '../../lambdas/domain/attempt-outcome/attempt-error.ts';
import {
  type Answer,
  isCircuitFailure,
  type OutcomeProps,
  outcomeOf,
} from '../../lambdas/domain/attempt-outcome/attempt-outcome.ts';

const response = (status: number, headers: Record<string, string> = {}): Answer => ({
  kind: 'response',
  status,
  headers,
});
const props: OutcomeProps = {
  answer: response(200),
  attempt: 1,
  scheduleMs: [30_000, 300_000, 1_800_000],
  jitter: 0.5,
  nowMs: 1_000_000,
  lane: 'deliveries',
  inFlight: 0,
  inFlightLimit: 100_000,
};
const outcome = (change: Partial<OutcomeProps>) => outcomeOf({ ...props, ...change });

describe('outcome of an attempt', () => {
  it.each([
    [200, {}, 'delivered'],
    [204, {}, 'delivered'],
    [299, {}, 'delivered'],
    [202, { 'x-webhook-callback': 'async' }, 'accepted'],
    [200, { 'x-webhook-callback': ' Async ' }, 'accepted'],
    [200, { 'x-tmi-callback': 'async' }, 'accepted'],
    [200, { 'x-webhook-callback': 'sync' }, 'delivered'],
    [200, { 'x-webhook-callback': '' }, 'delivered'],
    [410, {}, 'gone'],
    [410, { 'x-webhook-callback': 'async' }, 'gone'],
    [500, { 'x-webhook-callback': 'async' }, 'retry'],
    [301, {}, 'retry'],
    [304, {}, 'retry'],
    [400, {}, 'retry'],
    [401, {}, 'retry'],
    [404, {}, 'retry'],
    [429, {}, 'retry'],
    [500, {}, 'retry'],
    [199, {}, 'retry'],
  ])('%p with %j is %s', (status, headers, kind) => {
    expect(outcome({ answer: response(status, headers) }).kind).toBe(kind);
  });

  it('carries its wait: a delay from the deliveries lane, visibility on the retries lane', () => {
    expect(outcome({ answer: response(500) })).toEqual({
      kind: 'retry',
      error: { code: 'http_500', message: 'the receiver answered 500' },
      delayMs: 30_000,
      dueAtMs: 1_030_000,
      carriage: { by: 'delay', delaySeconds: 30 },
    });
    expect(outcome({ answer: response(500), attempt: 2, lane: 'retries' })).toMatchObject({
      kind: 'retry',
      dueAtMs: 1_300_000,
      carriage: { by: 'visibility', visibilitySeconds: 300 },
    });
  });

  it('is parked when no queue may carry the wait', () => {
    const parked = { kind: 'parked', error: { code: 'http_500', message: expect.any(String) } };
    expect(outcome({ answer: response(500), attempt: 3 })).toEqual({
      ...parked,
      delayMs: 1_800_000,
      dueAtMs: 2_800_000,
    });
    expect(outcome({ answer: response(500), inFlight: 100_000 })).toMatchObject(parked);
  });

  it('is exhausted after the last step, whatever the answer but success and 410', () => {
    const answers = fc.oneof(
      fc
        .integer({ min: 300, max: 599 })
        .filter((status) => status !== 410)
        .map((status) => response(status, { 'retry-after': '5' })),
      fc.constant<Answer>({ kind: 'error', error: transportError('timeout') }),
    );
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 10 }), (answer, attempt) => {
        expect(outcome({ answer, attempt }).kind === 'exhausted').toBe(attempt > 3);
      }),
    );
    expect(outcome({ answer: response(200), attempt: 4 }).kind).toBe('delivered');
    expect(outcome({ answer: response(410), attempt: 4 }).kind).toBe('gone');
  });

  it.each([
    [429, '60', 60_000],
    [503, '60', 60_000],
    [503, '1', 30_000],
    [503, '0', 30_000],
    [429, '9999', 120_000],
    [500, '60', 30_000],
    [429, 'soon', 30_000],
  ])('%p with Retry-After %s waits %p ms', (status, header, delayMs) => {
    const answer = response(status, { 'retry-after': header });
    expect(outcome({ answer, jitter: status === 500 || header === 'soon' ? 0.5 : 0 })).toMatchObject({ delayMs });
  });

  it('refuses attempt 0', () => {
    expect(() => outcome({ answer: response(500), attempt: 0 })).toThrow(RangeError);
  });
});

describe('circuit', () => {
  it.each([
    [response(500), true],
    [response(503), true],
    [response(429), true],
    [response(404), false],
    [response(302), false],
    [response(200), false],
    [{ kind: 'error', error: transportError('connection_refused') } as const, true],
  ])('%j counts: %p', (answer, expected) => expect(isCircuitFailure(answer)).toBe(expected));
});

describe('error of an attempt', () => {
  it.each([
    [500, 'http_500'],
    [404, 'http_404'],
    [301, 'redirect'],
    [399, 'redirect'],
  ])('%p is %s', (status, code) => {
    const error = responseError(status);
    expect(error.code).toBe(code);
    expect(errorText(error)).toBe(`${code}: ${error.message}`);
    expect(error.message).toContain(String(status));
  });

  const withCode = (code: string) => Object.assign(new Error('any text'), { code });

  it.each([
    [withCode('ECONNREFUSED'), 'connection_refused'],
    [withCode('ECONNRESET'), 'connection_reset'],
    [withCode('UND_ERR_SOCKET'), 'connection_reset'],
    [withCode('UND_ERR_HEADERS_TIMEOUT'), 'timeout'],
    [withCode('ENOTFOUND'), 'dns'],
    [withCode('CERT_HAS_EXPIRED'), 'tls'],
    [withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
    [withCode('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
    [withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls'],
    [withCode('ERR_SSL_WRONG_VERSION_NUMBER'), 'tls'],
    [withCode('HPE_INVALID_CONSTANT'), 'malformed_response'],
    [withCode('EHOSTUNREACH'), 'unreachable'],
    [withCode('TARGET_REFUSED'), 'target_refused'],
    [new DOMException('x', 'TimeoutError'), 'timeout'],
    [new DOMException('x', 'AbortError'), 'timeout'],
    [new TypeError('fetch failed', { cause: withCode('ECONNRESET') }), 'connection_reset'],
    [new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')]), 'connection_refused'],
    [withCode('constructor'), 'transport'],
    [new Error('ECONNRESET timeout'), 'transport'],
    ['text', 'transport'],
    [undefined, 'transport'],
  ])('%p is %s', (thrown, code) => expect(transportErrorOf(thrown).code).toBe(code));

  it('ends on an error that causes itself', () => {
    const error = new Error('x');
    error.cause = error;
    expect(transportErrorOf(error).code).toBe('transport');
  });
});
