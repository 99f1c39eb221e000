import { expect, it, vi } from 'vitest';

import type { Timers } from '../../../src/ports/timers.ts';
import { ItemError } from '../../../src/runner/items/item.ts';
import { handleFaults } from '../../../src/runner/steps/chunk-faults.ts';

it('reads no further in place of an item that cannot be read, however errors are tried again', async () => {
  const faultsOf = handleFaults({
    body: {
      skip: { limit: 10, isSkippable: () => true },
      retry: { limit: 3, isRetryable: () => true, delaySeconds: 0 },
    },
    timers: {} as Timers,
    random: () => 0,
    signal: new AbortController().signal,
    warn: () => {},
  });
  const unreadable = new ItemError('line 2 is broken', { position: 'line 2' });
  const readNext = vi.fn(() => 'the item of line 3');
  await expect(faultsOf.retry(unreadable, { skipped: [], retries: 0, rollbacks: 0 }, readNext)).rejects.toBe(
    unreadable,
  );
  expect(readNext).not.toHaveBeenCalled();
});
