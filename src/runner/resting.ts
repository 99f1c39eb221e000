import type { Timers } from '../ports/timers.ts';

/** What came to grief before it could say so in the store: tried again at once it would do so again. */
export function createResting(timers: Timers, milliseconds: number, onRested: () => void) {
  const ends = new Map<number, () => void>();
  return {
    has: (executionId: number): boolean => ends.has(executionId),
    add(executionId: number): void {
      const end = timers.after(milliseconds, () => {
        ends.delete(executionId);
        onRested();
      });
      ends.set(executionId, end);
    },
    end(): void {
      for (const end of ends.values()) end();
    },
  };
}
