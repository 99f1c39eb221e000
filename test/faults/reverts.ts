import type { JournalEntry } from '../../src/domain/change.ts';

/**
 * Where the journal contradicts that reverts run in reverse and only for what ran (I10). Between two decisions of an execution what
 * has succeeded is reverted against the order in which it was started; a task whose runner was lost may begin anew.
 */
export function brokenReverts(entries: readonly JournalEntry[], executionId: number): string[] {
  const broken: string[] = [];
  const states = new Map<string, string>();
  const started = new Map<string, number>();
  let latest = Number.POSITIVE_INFINITY;
  for (const [place, { execution }] of entries.entries()) {
    if (execution?.id !== executionId) continue;
    const { stepName, before, after } = execution;
    if (stepName === null) {
      latest = Number.POSITIVE_INFINITY;
      continue;
    }
    if ((states.get(stepName) ?? 'PENDING') !== before)
      broken.push(`${stepName} was ${states.get(stepName)} when it left ${before} for ${after}`);
    if (after === 'RUNNING') started.set(stepName, place);
    if (after === 'REVERTING' && before === 'SUCCESS') {
      const start = started.get(stepName) ?? Number.POSITIVE_INFINITY;
      if (start >= latest) broken.push(`${stepName} was reverted after what was started before it`);
      latest = start;
    }
    if (after === 'REVERTING' && before === 'PENDING') broken.push(`${stepName} was reverted and never ran`);
    states.set(stepName, after);
  }
  return broken;
}
