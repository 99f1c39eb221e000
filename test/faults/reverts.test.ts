import { describe, expect, it } from 'vitest';

import type { JournalEntry } from '../../src/domain/change.ts';
import { brokenReverts } from './reverts.ts';

/** `a PENDING RUNNING` for a task; anything else is of the execution, as a decision is. */
function journal(...moves: readonly string[]): JournalEntry[] {
  return moves.map((move) => {
    const [stepName, before, after] = move.split(' ');
    const isTask = after !== undefined;
    return {
      type: isTask ? 'step-changed' : 'execution-changed',
      execution: {
        id: 1,
        jobName: 'F',
        stepName: isTask ? stepName : null,
        before: before ?? null,
        after: after ?? 'STARTED',
      },
    } as unknown as JournalEntry;
  });
}

const ran = (name: string): string[] => [`${name} PENDING RUNNING`, `${name} RUNNING SUCCESS`];

describe('the check of reverts', () => {
  it('finds nothing where they run in reverse', () => {
    expect(
      brokenReverts(journal(...ran('a'), ...ran('b'), 'decided', 'b SUCCESS REVERTING', 'a SUCCESS REVERTING'), 1),
    ).toEqual([]);
  });

  it('finds those that run forwards', () => {
    const found = brokenReverts(
      journal(...ran('a'), ...ran('b'), 'decided', 'a SUCCESS REVERTING', 'b SUCCESS REVERTING'),
      1,
    );
    expect(found).toEqual(['b was reverted after what was started before it']);
  });

  it('finds those of what never ran', () => {
    expect(brokenReverts(journal('decided', 'a PENDING REVERTING'), 1)).toEqual(['a was reverted and never ran']);
  });

  it('finds moves from where a task was not', () => {
    expect(brokenReverts(journal(...ran('a'), 'a RUNNING FAILURE'), 1)).toEqual([
      'a was SUCCESS when it left RUNNING for FAILURE',
    ]);
  });
});
