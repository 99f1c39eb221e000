import * as fc from 'fast-check';
import { describe, test } from 'vitest';

import { createDomainOperations } from './domain-operations.ts';
import { runHistory } from './run-history.ts';
import { histories } from './steps.ts';

describe.each([{ sourceClock: 'steady' as const }, { sourceClock: 'shared' as const }])(
  'histories whose source has a $sourceClock clock',
  ({ sourceClock }) => {
    test('with fences, no event is ever skipped for good', async () => {
      await fc.assert(
        fc.asyncProperty(histories, async (steps) => {
          const clock = { now: 0n };
          await runHistory(createDomainOperations(clock), clock, steps, { fenced: true, sourceClock });
        }),
        { numRuns: 150 },
      );
    });

    test('without fences, only what a superseded client closes in the place of another', async () => {
      await fc.assert(
        fc.asyncProperty(histories, async (steps) => {
          const clock = { now: 0n };
          await runHistory(createDomainOperations(clock), clock, steps, { fenced: false, sourceClock });
        }),
        { numRuns: 80 },
      );
    });
  },
);
