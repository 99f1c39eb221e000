import { setImmediate } from 'node:timers/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { decodeWorkflow, type Workflow } from '../../src/domain/workflow.ts';
import type { Commit } from '../../src/ports/store.ts';
import { testApp } from '../http/test-app.ts';
import { createSettableClock } from '../settable-clock.ts';
import { type Answered, apply, type Asked, batchSpecification, workflowName } from './batch-specification.ts';
import { isLinearizable, type Recorded } from './checker.ts';
import { type Ask, recordHistory } from './record-history.ts';

const stored = {
  head: new Map([
    ['job1', '{"from_date":"2026-01-01"}'],
    ['job2', '{}'],
  ]),
  ledger: null,
};
const specification = batchSpecification(stored);
const beginning = 1_795_298_014_000_000_000n;

const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    jobs: fc.constantFrom(null, ['job1']),
    ifOpen: fc.constantFrom('reopen' as const, 'reject' as const),
  }),
  fc.record({
    kind: fc.constant('end' as const),
    outcome: fc.constantFrom('success' as const, 'failed' as const),
    batchId: fc.constant(null),
  }),
  fc.constant({ kind: 'get' as const }),
);

/** What the rules answer to one operation after the other; a second passes between them. */
function sequential(operations: readonly Asked[]): Recorded<Asked, Answered>[] {
  let workflow = decodeWorkflow(workflowName, stored) as Workflow;
  return operations.map((operation, index) => {
    const times = { asked: operation, invokedAt: 2 * index, returnedAt: 2 * index + 1 };
    try {
      const { next, text } = apply(workflow, operation, beginning + BigInt(index) * 1_000_000_000n);
      workflow = next;
      return { ...times, answered: { text } };
    } catch (error) {
      if (!(error instanceof BatchyError)) throw error;
      return { ...times, answered: { code: error.code } };
    }
  });
}

describe('the checker of linearizability', () => {
  it('accepts what happened one after the other', () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 40 }), (operations) =>
        isLinearizable(sequential(operations), specification),
      ),
      { numRuns: 100 },
    );
  });

  it('accepts it, too, when all of it overlaps in any order of asking', () => {
    const histories = fc.array(asked, { minLength: 2, maxLength: 6 }).chain((operations) => {
      const history = sequential(operations);
      return fc
        .shuffledSubarray(
          history.map((_, index) => index),
          { minLength: history.length },
        )
        .map((order) =>
          history.map((operation, index) => ({
            ...operation,
            invokedAt: order[index] ?? 0,
            returnedAt: 100 + (order[index] ?? 0),
          })),
        );
    });
    fc.assert(
      fc.property(histories, (history) => isLinearizable(history, specification)),
      { numRuns: 100 },
    );
  });

  it('flags 100 of 100 histories in which one answer is another operation’s', () => {
    const bad = fc
      .tuple(fc.array(asked, { minLength: 4, maxLength: 30 }), fc.nat(), fc.nat())
      .map(([operations, at, from]) => {
        const history = sequential(operations);
        const [one, other] = [at % history.length, from % history.length];
        const answered = history[other]?.answered as Answered;
        return {
          history: history.map((operation, index) => (index === one ? { ...operation, answered } : operation)),
          changed: JSON.stringify(answered) !== JSON.stringify(history[one]?.answered),
        };
      })
      .filter(({ changed }) => changed);
    const drawn = fc.sample(bad, { seed: 7, numRuns: 100 });
    expect(drawn.filter(({ history }) => !isLinearizable(history, specification))).toHaveLength(100);
  });

  it('flags a status that is read after it was over', () => {
    const history = sequential([{ kind: 'get' }, { kind: 'open', jobs: null, ifOpen: 'reopen' }, { kind: 'get' }]);
    const [before, opened, after] = history as [(typeof history)[0], (typeof history)[0], (typeof history)[0]];
    const stale = { ...after, answered: before.answered };
    expect(isLinearizable([before, opened, stale], specification)).toBe(false);
    // Asked before the open was answered, the same reading is right.
    expect(isLinearizable([before, opened, { ...stale, invokedAt: opened.invokedAt + 0.5 }], specification)).toBe(true);
  });

  it('flags two opens that both had to find nothing open', () => {
    const history = sequential([{ kind: 'open', jobs: null, ifOpen: 'reject' }]);
    const [first] = history as [(typeof history)[0]];
    expect(isLinearizable([first, { ...first, invokedAt: 0.5 }], specification)).toBe(false);
  });

  it('flags a service whose store does not compare', async () => {
    const stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T21:53:34.230000') });
    const commit = async (given: Commit) => {
      // As every store that is far away: in between the other server's requests have their turn.
      await setImmediate();
      const changes = await Promise.all(
        given.changes
          .filter((change) => change.kind === 'workflow')
          .map(async (change) => ({ ...change, expected: await stores.reader.peek(change.name) })),
      );
      return stores.store.commit({ ...given, changes });
    };
    const shared = { ...stores, store: { commit } };
    const cfg = { wf1: 'job1: {}\njob2: {}\n' };
    // Two servers, so that they do not take turns.
    const apps = [
      await testApp({ cfg, openStores: async () => shared }),
      await testApp({ cfg, openStores: async () => shared }),
    ];
    await apps[0]?.call('POST', '/load_cfg/wf1');
    const initial = await stores.reader.peek('wf1');
    const ask: Ask = async (server, method, path) => {
      const answer = await apps[server % 2]?.call(method as 'POST', path);
      return { status: answer?.status ?? 0, text: answer?.text ?? '' };
    };
    const history = await recordHistory(ask, { clients: 6, operations: 60, seed: 1 });
    expect(isLinearizable(history, batchSpecification(initial))).toBe(false);
  });
});
