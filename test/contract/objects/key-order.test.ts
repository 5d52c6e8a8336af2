import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareUtf8, KeyOrder } from '../../../local/objects/key-order.ts';

const key = fc.string({
  unit: fc.constantFrom('a', 'b', '/', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '🚚'),
  maxLength: 4,
});

describe('key order', () => {
  it('is that of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('holds each key once, whatever is added and deleted', () => {
    const step = fc.record({ key, isAdded: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), key, (steps, first) => {
        const order = new KeyOrder();
        const model = new Set<string>();
        for (const { key, isAdded } of steps) {
          if (isAdded) {
            order.add(key);
            model.add(key);
          } else {
            order.delete(key);
            model.delete(key);
          }
        }
        const expected = [...model].filter((one) => compareUtf8(one, first) >= 0).sort(compareUtf8);
        expect([...order.from(first)]).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});
