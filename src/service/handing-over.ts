import { requiredCapabilities } from '../domain/capability.ts';
import type { JobExecution } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import type { JobDefinition } from '../domain/job.ts';
import { workOf } from '../domain/work.ts';
import type { Dispatcher } from '../ports/dispatcher.ts';

/** Hands over to conductors what was launched. */
export interface HandingOver {
  /** Once its launch is stored. Nothing waits for it: should it fail, conductors find what waits in the store, some seconds later. */
  launched(execution: JobExecution, definition: JobDefinition): void;
  /** Resolves when all that was to be handed over is. */
  settled(): Promise<void>;
}

export interface HandingOverOptions {
  /** `undefined`: conductors ask the store. */
  readonly dispatching: Dispatching | undefined;
  /** Tells conductors that know no dispatcher that there is something to look at. */
  readonly look: () => void;
}

export interface Dispatching {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  /** Told what could not be handed over: it goes on some seconds later. */
  readonly onProblem: (error: unknown) => void;
}

export function createHandingOver({ dispatching, look }: HandingOverOptions): HandingOver {
  const handing = new Set<Promise<void>>();
  return {
    launched(execution, definition) {
      if (!isLive(execution.status)) return;
      if (dispatching === undefined) {
        look();
        return;
      }
      const { id: executionId, queue, priority, notBefore, createdAt } = execution;
      const delay = notBefore === undefined ? 0 : Math.max(0, Math.ceil(Number(notBefore - createdAt) / 1e6));
      const capabilities = requiredCapabilities(definition);
      const handed = dispatching.dispatcher
        .dispatch(workOf({ executionId, queue, priority, capabilities, delayMilliseconds: delay }))
        .catch(dispatching.onProblem)
        .finally(() => handing.delete(handed));
      handing.add(handed);
    },
    async settled() {
      await Promise.all(handing);
    },
  };
}
