import fc from 'fast-check';
import { expect, it } from 'vitest';

import { MapOverlay } from '../../src/runner/map-overlay.ts';

const entries = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.string({ maxLength: 3 })), { maxLength: 12 });

it('shows what a map would that had been changed at once, and changes the one under it only when it is settled', () => {
  fc.assert(
    fc.property(entries, entries, (before, changes) => {
      const under = new Map(before);
      const overlay = new MapOverlay(under);
      const expected = new Map(before);
      for (const [key, value] of changes) {
        overlay.set(key, value);
        expected.set(key, value);
      }
      expect([...under]).toEqual([...new Map(before)]);
      for (let key = 0; key < 10; key += 1) {
        expect(overlay.get(key)).toBe(expected.get(key));
        expect(overlay.has(key)).toBe(expected.has(key));
      }
      expect([...overlay]).toEqual([...expected]);
      expect([...overlay.keys()]).toEqual([...expected.keys()]);
      expect([...overlay.values()]).toEqual([...expected.values()]);
      expect(overlay.size).toBe(expected.size);
      const told: unknown[] = [];
      overlay.forEach((value, key) => told.push([key, value]));
      expect(told).toEqual([...expected]);
      overlay.settle();
      expect([...under]).toEqual([...expected]);
      expect([...overlay]).toEqual([...expected]);
    }),
  );
});
