import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newEntry, type QueueEntry } from '../../../local/queues/queue-entry.ts';
import { VisibilityHeap } from '../../../local/queues/visibility-heap.ts';

function entry(id: number, visibleAtMs: number): QueueEntry {
  const messageId = `${id}`;
  return newEntry({ id, messageId, groupId: undefined, senderId: 's', sentAtMs: 0, visibleAtMs }, undefined);
}

describe('visibility heap', () => {
  it('names the soonest of those that are left, whatever was added and removed', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ remove: fc.nat({ max: 50 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heap = new VisibilityHeap();
        const model: QueueEntry[] = [];
        steps.forEach((one, id) => {
          if ('add' in one) {
            const added = entry(id, one.add);
            heap.add(added);
            model.push(added);
          } else {
            const [removed] = model.splice(one.remove % Math.max(1, model.length), 1);
            if (removed !== undefined) heap.remove(removed);
          }
          const expected = [...model].sort((a, b) => a.visibleAtMs - b.visibleAtMs || a.id - b.id)[0];
          expect(heap.soonest).toBe(expected);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('does not mind the removal of what is not there', () => {
    const heap = new VisibilityHeap();
    const [first, second] = [entry(1, 5), entry(2, 6)];
    heap.add(first);
    heap.remove(second);
    heap.remove(first);
    heap.remove(first);
    expect(heap.soonest).toBeUndefined();
  });
});
