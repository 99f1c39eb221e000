import { decodeExecution } from '../../../src/domain/execution-text.ts';
import { decodePart } from '../../../src/domain/part.ts';
import type { Moment } from './history.ts';

/** How often a step of an execution, or the execution with it, was taken from a lost owner. */
export interface Takeovers {
  see(moment: Moment): void;
  of(executionId: number, stepName: string): number;
}

export function countTakeovers(): Takeovers {
  const counts = new Map<string, number>();
  return {
    see({ changes }) {
      for (const { collection, id, after } of changes) {
        if (after === null) continue;
        if (collection === 'execution') counts.set(id, decodeExecution(after.text).takeovers);
        if (collection === 'part') {
          const { executionId, stepName, takeovers } = decodePart(after.text);
          counts.set(`${executionId} ${stepName}`, takeovers);
        }
      }
    },
    of: (executionId, stepName) =>
      (counts.get(String(executionId)) ?? 0) + (counts.get(`${executionId} ${stepName}`) ?? 0),
  };
}
