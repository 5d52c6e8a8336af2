import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bisect } from '../../lambdas/domain/packing/bisect.ts';
import { pack, QUEUE_CALL } from '../../lambdas/domain/packing/pack.ts';
import { isCarried, payloadParts } from '../../lambdas/domain/packing/payload-parts.ts';

const identity = (size: number) => size;

describe('pack', () => {
  it('keeps order and every item, within both limits unless one item alone is over', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_200_000)), fc.integer({ min: 1, max: 12 }), (sizes, maxCount) => {
        const batches = pack(sizes, { maxBytes: 900_000, maxCount }, identity);
        expect(batches.flat()).toEqual(sizes);
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(maxCount);
          const bytes = batch.reduce((sum, size) => sum + size, 0);
          expect(bytes <= 900_000 || batch.length === 1).toBe(true);
        }
      }),
    );
  });

  it('fills a batch before it opens another', () => {
    expect(pack([1, 2, 3, 4], { maxBytes: 6, maxCount: 10 }, identity)).toEqual([[1, 2, 3], [4]]);
    expect(pack(Array(25).fill(1), QUEUE_CALL, identity).map((batch) => batch.length)).toEqual([10, 10, 5]);
    expect(pack([4, 4, 4, 1, 1], { maxBytes: 6, maxCount: 10 }, identity)).toEqual([[4], [4], [4, 1, 1]]);
    expect(pack([], QUEUE_CALL, identity)).toEqual([]);
  });

  it.each([
    [0, 1],
    [1, 0],
    [Number.NaN, 1],
  ])('refuses limits of %p bytes and %p items', (maxBytes, maxCount) => {
    expect(() => pack([1], { maxBytes, maxCount }, identity)).toThrow(RangeError);
  });
});

describe('bisect', () => {
  const dataFault = Object.assign(new Error('invalid text'), { sqlState: '22021' });
  const isPoison = (error: unknown) => error === dataFault;

  it('runs all healthy records and names every poisonous one, whatever their places', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 100 }), async (healthy) => {
        const items = healthy.map((isHealthy, index) => ({ isHealthy, index }));
        const run = async (part: readonly (typeof items)[number][]) => {
          if (part.some((item) => !item.isHealthy)) throw dataFault;
          return part.map((item) => item.index);
        };
        const { results, poisoned } = await bisect(items, run, isPoison);
        expect(results.flat()).toEqual(items.filter((item) => item.isHealthy).map((item) => item.index));
        expect(poisoned).toEqual(items.filter((item) => !item.isHealthy).map((item) => ({ item, error: dataFault })));
      }),
    );
  });

  it('costs one run when all is well, and few for one poisonous record in a hundred', async () => {
    let runs = 0;
    const run = (poison: number) => async (part: readonly number[]) => {
      runs++;
      if (part.includes(poison)) throw dataFault;
    };
    const items = Array.from({ length: 100 }, (_, n) => n);
    await bisect(items, run(-1), isPoison);
    expect(runs).toBe(1);
    await bisect(items, run(63), isPoison);
    expect(runs - 1).toBeLessThanOrEqual(15);
    await bisect([], run(0), isPoison);
    expect(runs).toBeLessThanOrEqual(16);
  });

  it('throws any other error on', async () => {
    const outage = new Error('database is away');
    await expect(bisect([1, 2], async () => Promise.reject(outage), isPoison)).rejects.toBe(outage);
  });
});

describe('payload parts', () => {
  it('cover every character once, from 1', () => {
    fc.assert(
      fc.property(fc.nat(210_000), (chars) => {
        const parts = payloadParts(chars);
        let next = 1;
        for (const { from, length } of parts) {
          expect(from).toBe(next);
          expect(length).toBeGreaterThan(0);
          expect(length * 4).toBeLessThanOrEqual(60_000);
          next += length;
        }
        expect(next - 1).toBe(chars);
      }),
    );
    expect(payloadParts(0)).toEqual([]);
    expect(payloadParts(15_001)).toEqual([
      { from: 1, length: 15_000 },
      { from: 15_001, length: 1 },
    ]);
  });

  it('are for payloads over 48 KB of UTF-8', () => {
    expect(isCarried('x'.repeat(49_152))).toBe(true);
    expect(isCarried('x'.repeat(49_153))).toBe(false);
    expect(isCarried('é'.repeat(24_577))).toBe(false);
  });
});
