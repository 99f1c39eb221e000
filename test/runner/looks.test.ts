import { beforeEach, expect, it, vi } from 'vitest';

import type { BatchStatus } from '../../src/domain/execution.ts';
import type { ExecutionStatuses, Journal } from '../../src/ports/journal.ts';
import { createLooks } from '../../src/runner/looks.ts';
import { createManualTimers } from './manual-timers.ts';

const everyMilliseconds = 10_000;

/** A journal that can fail, and what was looked for: `true` where somebody may have changed what runs. */
function listening() {
  const timers = createManualTimers();
  const unsubscribe = vi.fn<() => void>();
  const subscribers: (() => void)[] = [];
  let statuses = new Set<BatchStatus>();
  const bounds = vi.fn<Journal['bounds']>(async () => ({ first: 1, last: 1 }));
  const journal: Journal = {
    read: async () => [],
    bounds,
    executionStatuses: async (): Promise<ExecutionStatuses> => ({
      last: 2,
      isMore: false,
      statuses,
      offersParts: false,
    }),
    subscribe(onChange) {
      subscribers.push(onChange);
      return unsubscribe;
    },
  };
  const looked: boolean[] = [];
  const problems: unknown[] = [];
  const looks = createLooks({
    journal,
    timers,
    lookEveryMilliseconds: everyMilliseconds,
    look: async (refreshes) => void looked.push(refreshes),
    onOffer: () => {},
    onProblem: (error) => problems.push(error),
  });
  return {
    looks,
    bounds,
    looked,
    problems,
    subscribers,
    unsubscribe,
    /** All that needs no time. */
    settled: async (): Promise<void> => {
      for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
    },
    nextLook: (): void => timers.advance(everyMilliseconds),
    tell: (status: BatchStatus): void => {
      statuses = new Set([status]);
      for (const subscriber of subscribers) subscriber();
    },
  };
}

let made: ReturnType<typeof listening>;
beforeEach(() => {
  made = listening();
});

it('hears at once of what is launched, and of what is to stop', async () => {
  const { looks, looked, settled, tell } = made;
  looks.start();
  await settled();
  tell('STARTING');
  await settled();
  tell('STOPPING');
  await settled();
  tell('COMPLETED');
  await settled();
  expect(looked).toEqual([true, false, true]);
});

it('listens from its next look on where the journal failed at first, and finds what came in between', async () => {
  const { looks, bounds, looked, problems, subscribers, settled, nextLook, tell } = made;
  const away = new Error('the store is away');
  bounds.mockRejectedValueOnce(away).mockRejectedValueOnce(away);
  looks.start();
  await settled();
  expect([looked, problems, subscribers], 'it looks all the same').toEqual([[true], [away], []]);
  // Something has ended here before the clock tells to look.
  looks.lookForWork();
  await settled();
  looks.lookForWork();
  await settled();
  expect(looked, 'that which begins to hear looks for what is to stop, too').toEqual([true, false, true]);
  tell('STOPPING');
  await settled();
  expect(looked).toHaveLength(4);
  nextLook();
  await settled();
  expect([subscribers.length, problems.length, looked.length], 'it listens once').toEqual([1, 2, 5]);
});

it('listens no more once it is stopped, also where the journal was slow to answer', async () => {
  const { looks, bounds, looked, subscribers, unsubscribe, settled } = made;
  const answer = Promise.withResolvers<{ first: number; last: number }>();
  bounds.mockReturnValueOnce(answer.promise);
  looks.start();
  const stopped = looks.stop();
  answer.resolve({ first: 1, last: 1 });
  await stopped;
  expect([looked, subscribers]).toEqual([[], []]);
  const other = listening();
  other.looks.start();
  await settled();
  await other.looks.stop();
  expect(other.unsubscribe).toHaveBeenCalledTimes(1);
  expect(unsubscribe).not.toHaveBeenCalled();
});
