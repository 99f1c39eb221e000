import fc from 'fast-check';
import { expect, it } from 'vitest';

import { ReadyQueue } from '../../src/domain/ready-queue.ts';

it('gives what a sorted set would give, whatever is added and deleted', () => {
  const index = fc.nat({ max: 20 });
  const action = fc.record({ kind: fc.constantFrom('add', 'delete', 'first'), index });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const queue = new ReadyQueue();
      const model = new Set<number>();
      for (const { kind, index } of actions) {
        if (kind === 'add') {
          queue.add(index);
          model.add(index);
        } else if (kind === 'delete') {
          expect(queue.delete(index)).toBe(model.delete(index));
        } else {
          const sorted = [...model].toSorted((one, other) => one - other);
          expect(queue.first(index)).toEqual(sorted.slice(0, index));
        }
        expect(queue.size).toBe(model.size);
      }
    }),
  );
});
