import type { ExecutionState } from './execution-state.ts';
import type { RunnableJob } from './job.ts';
import type { Logs } from './step-log.ts';
import { tellWebhook } from './webhook.ts';

/** Tells those who want to know that an execution has ended, beside what runs next: whoever is told may be slow. */
export function createEndTelling({ logs }: { readonly logs: Logs }, onProblem: (error: unknown) => void) {
  const telling = new Set<Promise<void>>();
  return {
    tell(job: RunnableJob, state: ExecutionState): void {
      const told = tellWebhook(job, state, {
        onFailure(message) {
          const log = logs.open(state.execution.id, null);
          log.write('warn', message);
          log.close();
          onProblem(new Error(message));
        },
      }).finally(() => telling.delete(told));
      telling.add(told);
    },
    /** Resolves when all that was to be told is. */
    async told(): Promise<void> {
      await Promise.all(telling);
    },
  };
}
