import type { Instant } from '../domain/time.ts';
import type { ExecutionLogFolder } from './execution-logs.ts';
import type { ExecutionRecords } from './execution-records.ts';

/** Logs that one pruning looks at. */
const mostLookedAt = 200;

/**
 * Removes logs that nothing was written to since `before` and whose execution is not in the store. By what lies in the folder,
 * since it may be another machine that forgot the execution.
 */
export async function pruneLogs(
  { logs, records }: { readonly logs: ExecutionLogFolder; readonly records: Pick<ExecutionRecords, 'executions'> },
  before: Instant,
): Promise<void> {
  const old = (await logs.some(mostLookedAt)).filter(({ writtenAt }) => writtenAt < before);
  const ids = [...new Set(old.map(({ executionId }) => executionId))];
  const known = new Set((await records.executions(ids)).map(({ id }) => id));
  for (const id of ids) if (!known.has(id)) await logs.remove(id);
}
