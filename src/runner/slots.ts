import type { ExecutionSession } from './execution-session.ts';

/** What runs here; the session is there once the lease is taken. */
interface Running {
  readonly jobName: string;
  session: ExecutionSession | null;
  isEnding: boolean;
  readonly done: Promise<void>;
}

/** The executions of a conductor, so many at a time: one of which only the end is left to store counts no more. */
export function createSlots(concurrency: number) {
  const running = new Map<number, Running>();
  let ending = 0;

  function setEnding(executionId: number, isEnding: boolean): void {
    const entry = running.get(executionId);
    if (entry === undefined || entry.isEnding === isEnding) return;
    entry.isEnding = isEnding;
    ending += isEnding ? 1 : -1;
  }

  return {
    free: (): number => concurrency - running.size + ending,
    has: (executionId: number): boolean => running.has(executionId),
    /** @param done resolves when it has ended here */
    add(executionId: number, jobName: string, done: Promise<void>): void {
      running.set(executionId, { jobName, session: null, isEnding: false, done });
    },
    opened(executionId: number, session: ExecutionSession): void {
      const entry = running.get(executionId);
      if (entry !== undefined) entry.session = session;
    },
    setEnding,
    delete(executionId: number): void {
      setEnding(executionId, false);
      running.delete(executionId);
    },
    sessions: (): ExecutionSession[] => [...running.values()].flatMap(({ session }) => session ?? []),
    runs: () => [...running].map(([id, { jobName }]) => ({ id, jobName })),
    /** Resolves when nothing runs. */
    async settled(): Promise<void> {
      while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
