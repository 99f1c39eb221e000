import type { Conductors } from './conductors.ts';
import type { ExecutionRecords } from './execution-records.ts';

/** What parts of an execution wait for that nobody has taken, since nobody online has what they need; `null`: there are none. */
export async function whyPartsWait(
  records: Pick<ExecutionRecords, 'parts'>,
  conductors: Pick<Conductors, 'canRun'>,
  executionId: number,
): Promise<string | null> {
  for (const { part } of await records.parts(executionId)) {
    if (part.conductor !== null || part.capabilities.length === 0) continue;
    if (!(await conductors.canRun(part.capabilities)))
      return `a conductor with ${part.capabilities.join(', ')} for ${part.stepName}: none online`;
  }
  return null;
}

/** Who runs a step of an execution, by step execution, where that was offered to others. */
export async function partOwners(
  records: Pick<ExecutionRecords, 'parts'>,
  executionId: number,
): Promise<ReadonlyMap<number, string>> {
  const parts = await records.parts(executionId);
  return new Map(
    parts.flatMap(({ part: { stepExecutionId, conductor } }) =>
      conductor === null ? [] : [[stepExecutionId, conductor]],
    ),
  );
}
