import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createDomainOperations } from './domain-operations.ts';
import { plantedBugs } from './planted-bugs.ts';
import { runHistory } from './run-history.ts';
import { histories } from './steps.ts';

/** A model that lets a mistake pass proves nothing: each of these must be found, by histories that are the same every time. */
describe('planted bugs are caught', () => {
  test.each(Object.entries(plantedBugs))('%s', async (_name, rules) => {
    const caughtBy = async (sourceClock: 'steady' | 'shared') => {
      const property = fc.asyncProperty(histories, async (steps) => {
        const clock = { now: 0n };
        await runHistory(createDomainOperations(clock, rules), clock, steps, { fenced: true, sourceClock });
      });
      return fc.check(property, { numRuns: 1500, seed: 20261121, endOnFailure: true });
    };
    const shared = await caughtBy('shared');
    const found = shared.failed ? shared : await caughtBy('steady');
    expect(found.failed).toBe(true);
    expect(String(found.errorInstance)).toMatch(/^AssertionError/);
  });
});
