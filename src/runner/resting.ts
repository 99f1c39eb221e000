import type { Timers } from '../ports/timers.ts';

/** What came to grief before it could say so in the store: tried again at once it would do so again. */
export function createResting(timers: Timers, milliseconds: number, onRested: () => void) {
  const ends = new Map<number, () => void>();
  return {
    has: (executionId: number): boolean => ends.has(executionId),
    add(executionId: number, forMilliseconds = milliseconds): void {
      const end = timers.after(forMilliseconds, () => {
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

/** What something newer may have written can be read after an upgrade, if at all: in milliseconds. */
const unreadRests = 60_000;

/** Told of what cannot be read: nobody else is to wait for it, and somebody is to hear of it now and then. */
export function createSettingAside(
  resting: Pick<ReturnType<typeof createResting>, 'add'>,
  onProblem: (error: unknown) => void,
): (executionId: number, error: unknown) => void {
  return (executionId, error) => {
    onProblem(error);
    resting.add(executionId, unreadRests);
  };
}
