import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { drawn, failures, named, revertFailures, scriptOf } from './drawn-flows.ts';
import { createChecker } from './flow-checker.ts';
import { flowOf, simulate, statusesOf } from './flow-simulator.ts';
import { walk } from './flow-walk.ts';

describe('flows of linear flows', () => {
  it('run and revert as a walk through the tree with exceptions does', () => {
    fc.assert(
      fc.property(drawn(['linear'], 3), failures, revertFailures, (root, fails, reverts) => {
        const declaration = named(root);
        const script = scriptOf(fails, reverts);
        const { log, finish } = simulate(flowOf(declaration), script);
        expect({ log, status: finish.status }).toEqual(walk(declaration, script));
      }),
      { numRuns: 500 },
    );
  });

  it('do so wherever the runner dies, but for what was interrupted', () => {
    const crashes = fc.array(fc.nat({ max: 40 }), { maxLength: 5 });
    fc.assert(
      fc.property(drawn(['linear'], 2), failures, revertFailures, crashes, (root, fails, reverts, dying) => {
        const declaration = named(root);
        const script = scriptOf(fails, reverts);
        const { log, finish } = simulate(flowOf(declaration), script, { crashes: new Set(dying) });
        const expected = walk(declaration, script);
        expect(finish.status).toBe(expected.status);
        // What was interrupted is begun again, and then nothing else happens in between.
        const twice = log.filter((each, place) => each !== log[place - 1]);
        expect(twice).toEqual(expected.log.filter((each, place) => each !== expected.log[place - 1]));
      }),
      { numRuns: 500 },
    );
  });
});

describe('whatever the flow, whoever goes on, in whatever order', () => {
  it('reverts are for what ran, once each, in reverse', () => {
    fc.assert(
      fc.property(
        drawn(['linear', 'unordered', 'graph'], 2),
        failures,
        revertFailures,
        fc.record({
          crashes: fc.array(fc.nat({ max: 60 }), { maxLength: 6 }).map((dying) => new Set(dying)),
          choices: fc.array(fc.nat(), { minLength: 1 }),
          capacity: fc.constantFrom(1, 2, 100),
        }),
        (root, fails, reverts, options) => {
          const flow = flowOf(named(root));
          const { watch, expectAtEnd } = createChecker(flow);
          expectAtEnd(simulate(flow, scriptOf(fails, reverts), { ...options, watch }));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('come to an end, though who goes on has another flow under the same names', () => {
    const kinds = ['linear', 'unordered', 'graph'] as const;
    const crashes = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 3 }).map((dying) => new Set(dying));
    const choices = fc.array(fc.nat(), { minLength: 1 });
    fc.assert(
      fc.property(
        drawn(kinds, 2),
        drawn(kinds, 2),
        failures,
        revertFailures,
        crashes,
        choices,
        (root, laterRoot, fails, reverts, dying, chosen) => {
          const options = { crashes: dying, choices: chosen, laterFlow: flowOf(named(laterRoot)) };
          const { finish, state, flow } = simulate(flowOf(named(root)), scriptOf(fails, reverts), options);
          const statuses = new Set(Object.values(statusesOf(flow, state)));
          statuses.delete('SUCCESS');
          if (finish.status === 'SUCCESS') expect([...statuses]).toEqual([]);
          for (const status of ['RUNNING', 'REVERTING', 'FAILURE'])
            if (finish.status === 'REVERTED') expect(statuses).not.toContain(status);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
