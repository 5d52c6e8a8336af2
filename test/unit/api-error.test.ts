import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { API_ERROR_STATUS, ApiError, invalidField, notFound } from '../../lambdas/domain/api-error/api-error.ts';
import { parseJsonBody, refuseForbiddenCharacters } from '../../lambdas/domain/api-error/json-body.ts';
import { parseRequest } from '../../lambdas/domain/api-error/validation.ts';

describe('api error', () => {
  it('has the status of its code', () => {
    expect(API_ERROR_STATUS).toEqual({
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
    });
    expect(notFound('webhook')).toMatchObject({ status: 404, retryable: false });
    expect(new ApiError('MAINTENANCE', 'later', { retryAfterSeconds: 30 })).toMatchObject({
      status: 503,
      retryable: true,
      retryAfterSeconds: 30,
    });
  });

  it('is written as error, message and, where known, field', () => {
    expect(notFound('webhook').toBody()).toEqual({ error: 'NOT_FOUND', message: 'webhook not found' });
    expect(invalidField('url', 'no').toBody()).toEqual({ error: 'VALIDATION_ERROR', message: 'no', field: 'url' });
  });

  it('keeps its cause', () => {
    const cause = new Error('x');
    expect(new ApiError('INTERNAL', 'm', { cause }).cause).toBe(cause);
    expect('cause' in new ApiError('INTERNAL', 'm')).toBe(false);
  });
});

describe('validation', () => {
  const schema = z.strictObject({
    name: z.string().max(3),
    list: z.array(z.strictObject({ size: z.int() })).optional(),
  });
  const failure = (input: unknown) => {
    try {
      parseRequest(schema, input);
    } catch (error) {
      if (error instanceof ApiError) return error.toBody();
    }
    throw new Error('was accepted');
  };

  it.each([
    [{}, 'name', 'name is required'],
    [{ name: 'abcd' }, 'name', expect.stringContaining('name: ')],
    [{ name: 'a', list: [{ size: 1 }, { size: 1.5 }] }, 'list.1.size', expect.any(String)],
    [{ name: 'a', list: [{ size: 1, color: 2 }] }, 'list.0.color', 'unknown field: list.0.color'],
    [{ name: 'a', nmae: 1 }, 'nmae', 'unknown field: nmae'],
    [JSON.parse('{"name":"a","__proto__":{}}'), '__proto__', 'unknown field: __proto__'],
  ])('of %j names %s', (input, field, message) => {
    expect(failure(input)).toEqual({ error: 'VALIDATION_ERROR', field, message });
  });

  it.each([null, [], 'text', 1])('of %j has no field', (input) => {
    expect(failure(input)).toEqual({ error: 'VALIDATION_ERROR', message: 'the body must be a JSON object' });
  });

  it('gives what the schema makes of it', () => {
    expect(parseRequest(schema, { name: 'abc' })).toEqual({ name: 'abc' });
  });
});

describe('json body', () => {
  it('keeps the text beside the value', () => {
    expect(parseJsonBody(Buffer.from('{ "a":1.0 }'))).toEqual({ text: '{ "a":1.0 }', value: { a: 1 } });
    expect(parseJsonBody(Buffer.alloc(0))).toEqual({ text: '{}', value: {} });
  });

  it.each([
    ['broken JSON', Buffer.from('{"a":')],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['white space alone', Buffer.from(' ')],
  ])('refuses %s', (_what, bytes) => {
    expect(() => parseJsonBody(bytes)).toThrow(expect.objectContaining({ code: 'VALIDATION_ERROR', field: undefined }));
  });

  it('refuses characters that cannot be stored', () => {
    expect(() => refuseForbiddenCharacters('{"a":"\\u0000"}')).toThrow(expect.objectContaining({ status: 400 }));
    expect(() => refuseForbiddenCharacters('{"a":"\\u0001"}')).not.toThrow();
  });
});
