import { placeProblem, decodePlace } from '../../../src/domain/chunk-place.ts';
import type { StepExecution } from '../../../src/domain/execution.ts';
import { decodeStep } from '../../../src/domain/execution-text.ts';
import type { Rule } from './rule.ts';

const grows = ['read', 'write', 'filter', 'commit', 'rollback', 'retry'] as const;

/** Within a step execution no counter and no checkpoint goes back (I9): what was committed once stays so. */
export function checkpointsGrow(): Rule {
  return {
    see: ({ changes }) =>
      changes.flatMap(({ collection, id, before, after }) => {
        if (collection !== 'step' || before === null || after === null) return [];
        const [was, is] = [decodeStep(before.text), decodeStep(after.text)];
        const shrunk = grows.filter((name) => is.counters[name] < was.counters[name]);
        const broken = shrunk.map(
          (name) =>
            `step execution ${id}: its count of ${name} fell from ${was.counters[name]} to ${is.counters[name]}`,
        );
        const [from, to] = [itemsOf(was), itemsOf(is)];
        if (from !== null && (to ?? -1) < from)
          broken.push(`step execution ${id}: its checkpoint went back from item ${from} to ${to}`);
        return broken;
      }),
  };
}

/** Items before its checkpoint, where that is a chunk step's. */
function itemsOf({ checkpoint }: StepExecution): number | null {
  return checkpoint === null || placeProblem(checkpoint) !== null ? null : decodePlace(checkpoint).items;
}
