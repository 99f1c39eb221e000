import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createDomainOperations, type DomainRules, realRules } from './domain-operations.ts';
import { plantedBugs } from './planted-bugs.ts';
import { runHistory } from './run-history.ts';
import { histories } from './steps.ts';

/** The same histories for all, every time. */
async function check(rules: DomainRules, sourceClock: 'steady' | 'shared', numRuns = 1500) {
  const property = fc.asyncProperty(histories, async (steps) => {
    const clock = { now: 0n };
    await runHistory(createDomainOperations(clock, rules), clock, steps, { fenced: true, sourceClock });
  });
  return fc.check(property, { numRuns, seed: 20261121, endOnFailure: true });
}

/** A model that lets a mistake pass proves nothing, nor does one that finds mistakes where there are none. */
describe('planted bugs are caught', () => {
  test.each(['shared', 'steady'] as const)('and the rules without any are not, source with a %s clock', async (clock) =>
    // As many as most bugs need; history.test.ts draws others each time.
    expect(await check(realRules, clock, 300)).toMatchObject({ failed: false }),
  );

  test.each(Object.entries(plantedBugs))('%s', async (_name, rules) => {
    const shared = await check(rules, 'shared');
    const found = shared.failed ? shared : await check(rules, 'steady');
    expect(found.failed).toBe(true);
    expect(String(found.errorInstance)).toMatch(/^AssertionError/);
  });
});
