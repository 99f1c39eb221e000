import { describe, expect, it } from 'vitest';

import { emptyFlowRecord } from '../../src/domain/flow-text.ts';
import { Ahead, takeDecided } from '../../src/runner/ahead.ts';
import { draftOf } from '../../src/runner/execution-draft.ts';
import type { LoadedExecution } from '../../src/runner/execution-loading.ts';
import type { Decide } from '../../src/runner/execution-state.ts';

const at = 0n;

function loaded(): LoadedExecution {
  const execution: LoadedExecution['state']['execution'] = {
    id: 1,
    instanceId: 1,
    jobName: 'Load',
    status: 'STARTED',
    exitCode: 'EXECUTING',
    exitMessage: '',
    createdAt: at,
    startedAt: at,
    endedAt: null,
    updatedAt: at,
    parameters: new Map(),
    forced: false,
    batch: null,
    launchedBy: 'somebody',
    takeovers: 0,
    stopRequestedBy: null,
  };
  const instance: LoadedExecution['state']['instance'] = {
    id: 1,
    jobName: 'Load',
    key: 'a',
    parameters: new Map(),
    createdAt: at,
    lastExecutionId: 1,
    steps: new Map(),
  };
  return {
    state: { execution, instance, steps: new Map(), context: new Map(), flow: emptyFlowRecord },
    documents: new Map(),
  };
}

/** Adds a letter to what those before it have left. */
function atOnce(letter: string): Decide {
  return ({ execution }) => ({ execution: { ...execution, exitMessage: execution.exitMessage + letter } });
}

function later(letter: string): Decide {
  return async (state) => {
    await Promise.resolve();
    return atOnce(letter)(state);
  };
}

describe('what is decided for one commit', () => {
  it.each([
    { what: 'all at once', made: [atOnce, atOnce, atOnce, atOnce] },
    { what: 'all later', made: [later, later, later, later] },
    { what: 'one in the midst later', made: [atOnce, later, atOnce, atOnce] },
    { what: 'the last one later', made: [atOnce, atOnce, atOnce, later] },
  ])('is put in in its order, behind what is ahead of each: $what', async ({ made }) => {
    const [a, b, c, d] = made.map((make, place) => make('abcd'.charAt(place))) as [Decide, Decide, Decide, Decide];
    const ahead = new Ahead();
    ahead.add(a);
    ahead.add(c);
    const draft = await takeDecided(
      draftOf(loaded()),
      ahead,
      [
        { decides: [b], ahead: 1 },
        { decides: 'refresh', ahead: 0 },
        { decides: [d], ahead: 2 },
      ],
      2,
    );
    expect(draft.state().execution.exitMessage).toBe('abcd');
  });

  it('is not waited for where it is at hand', () => {
    const draft = takeDecided(draftOf(loaded()), new Ahead(), [{ decides: [atOnce('a')], ahead: 0 }], 0);
    expect(draft).not.toBeInstanceOf(Promise);
  });
});
