import type { ExecutionSession } from './execution-session.ts';
import type { StepLog } from './step-log.ts';

/** Of two conductors that try to take the same execution one does: only that one says so. */
export function saidOnceOwned(log: StepLog, { owned, lost }: ExecutionSession): StepLog {
  let held: Parameters<StepLog['write']>[] | null = [];
  const say = (): void => {
    for (const line of held ?? []) log.write(...line);
    held = null;
  };
  void owned.then(say);
  return {
    write: (...line) => {
      if (held === null) log.write(...line);
      else held.push(line);
    },
    note: (...line) => log.note(...line),
    close() {
      if (!lost.aborted) say();
      log.close();
    },
  };
}
