import type { JournalEntry } from '../../../src/domain/change.ts';
import { isLive } from '../../../src/domain/execution-transitions.ts';
import type { BatchStatus } from '../../../src/domain/execution.ts';
import { brokenReverts } from '../../faults/reverts.ts';
import type { Rule } from './rule.ts';

/** Reverts run in reverse, and only for what ran (I10), across takeovers: looked at when an execution has ended. */
export function revertsRunInReverse(): Rule {
  const told = new Map<number, JournalEntry[]>();
  return {
    see: ({ entries }) =>
      entries.flatMap(({ entry }) => {
        const { execution } = entry;
        if (execution === undefined) return [];
        const all = told.get(execution.id) ?? [];
        told.set(execution.id, all);
        if (entry.type === 'step-changed' || entry.type === 'execution-changed') all.push(entry);
        if (execution.stepName !== null || isLive(execution.after as BatchStatus)) return [];
        told.delete(execution.id);
        const isFlow = all.some(({ execution: task }) => task?.after === 'SUCCESS' || task?.after === 'REVERTING');
        return isFlow ? brokenReverts(all, execution.id).map((what) => `execution ${execution.id}: ${what}`) : [];
      }),
  };
}
