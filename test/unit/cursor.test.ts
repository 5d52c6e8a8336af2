import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRequest } from '../../lambdas/domain/api-error/validation.ts';
import { decodeCursor, encodeCursor, pageOf } from '../../lambdas/domain/cursor/cursor.ts';
import { pageQuerySchema } from '../../lambdas/domain/cursor/page-query.ts';

describe('cursor', () => {
  it('gives back the id it was made of', () => {
    fc.assert(fc.property(fc.uuid(), (id) => expect(decodeCursor(encodeCursor(id))).toBe(id)));
    expect(decodeCursor(encodeCursor('my-slug'), (text) => text.length > 0)).toBe('my-slug');
  });

  it.each(['', 'x', '!!', encodeCursor('not-a-uuid'), `${encodeCursor('0b1c7a52-7f0e-4c1b-9d0f-64b0b9a1f4aa')}=`])(
    'refuses %p on cursor',
    (cursor) => {
      expect(() => decodeCursor(cursor)).toThrow(
        expect.objectContaining({ code: 'VALIDATION_ERROR', field: 'cursor' }),
      );
    },
  );

  it('comes with a page only when there is another', () => {
    const idOf = (id: string) => id;
    expect(pageOf(['c', 'b', 'a'], 2, idOf)).toEqual({ data: ['c', 'b'], nextCursor: encodeCursor('b') });
    expect(pageOf(['c', 'b'], 2, idOf)).toEqual({ data: ['c', 'b'], nextCursor: null });
    expect(pageOf([], 2, idOf)).toEqual({ data: [], nextCursor: null });
  });
});

describe('page query', () => {
  it.each([
    [{}, 20],
    [{ limit: '1' }, 1],
    [{ limit: '100' }, 100],
  ])('%j has limit %p', (query, limit) => expect(parseRequest(pageQuerySchema, query).limit).toBe(limit));

  it.each(['0', '101', '-1', '1.5', '', ' 5', '1e1', '0x5', 'ten', '1000'])('refuses limit %p', (limit) => {
    expect(() => parseRequest(pageQuerySchema, { limit })).toThrow(
      expect.objectContaining({ code: 'VALIDATION_ERROR', field: 'limit' }),
    );
  });

  it('refuses unknown keys by name', () => {
    expect(() => parseRequest(pageQuerySchema, { offset: '1' })).toThrow(expect.objectContaining({ field: 'offset' }));
  });
});
