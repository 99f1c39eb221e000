import type { ExecutionSession } from './execution-session.ts';

/** What runs here; the session is there once the lease is taken. */
interface Running {
  readonly jobName: string;
  session: ExecutionSession | null;
  isEnding: boolean;
  isWaiting: boolean;
  /** Each its own: listeners of one signal hold on to one another, those that are gone to those that came later. */
  readonly handBack: AbortController;
  done: Promise<void>;
}

/**
 * The executions of a conductor, so many at a time: one of which only the end is left to store counts no more, and one that only waits for what
 * others run counts no more as long as it does. Parts of executions of others count as they do.
 */
export function createSlots(concurrency: number) {
  /**
   * What runs has a place in a list, and only its number is in the map: the table that a map leaves behind when it grows or is tidied
   * up keeps hold of what was in it, and of the next table, until the whole heap is looked through. An execution holds a hundred kilobytes.
   */
  const running = new Map<number, number>();
  const entries: (Running | undefined)[] = [];
  const vacant: number[] = [];
  /** Of those that run, how many do not count. */
  let uncounted = 0;
  let parts = 0;

  function entryOf(executionId: number): Running | undefined {
    return entries[running.get(executionId) ?? -1];
  }

  const present = (): Running[] => entries.filter((entry) => entry !== undefined);

  function set(executionId: number, fields: Partial<Pick<Running, 'isEnding' | 'isWaiting'>>): void {
    const entry = entryOf(executionId);
    if (entry === undefined) return;
    const counted = !entry.isEnding && !entry.isWaiting;
    Object.assign(entry, fields);
    const counts = !entry.isEnding && !entry.isWaiting;
    uncounted += Number(counted) - Number(counts);
  }

  const setEnding = (executionId: number, isEnding: boolean): void => set(executionId, { isEnding });

  function remove(executionId: number): void {
    const place = running.get(executionId);
    if (place === undefined) return;
    set(executionId, { isEnding: false, isWaiting: false });
    running.delete(executionId);
    entries[place] = undefined;
    vacant.push(place);
  }

  return {
    free: (): number => Math.max(0, concurrency - running.size + uncounted - parts),
    has: (executionId: number): boolean => running.has(executionId),
    /** @param onEnd called when it has ended here and is no more among what runs */
    run(executionId: number, jobName: string, see: () => Promise<void>, onEnd: () => void): void {
      const place = vacant.pop() ?? entries.length;
      running.set(executionId, place);
      const handBack = new AbortController();
      const entry: Running = {
        jobName,
        session: null,
        isEnding: false,
        isWaiting: false,
        handBack,
        done: Promise.resolve(),
      };
      entries[place] = entry;
      entry.done = see().finally(() => {
        remove(executionId);
        onEnd();
      });
    },
    /** Aborted when nothing may go on here. */
    handBackOf: (executionId: number): AbortSignal => entryOf(executionId)?.handBack.signal ?? AbortSignal.abort(),
    opened(executionId: number, session: ExecutionSession): void {
      const entry = entryOf(executionId);
      if (entry !== undefined) entry.session = session;
    },
    setEnding,
    /** Whether nothing of it runs here, though others run some of it. */
    setWaiting: (executionId: number, isWaiting: boolean): void => set(executionId, { isWaiting }),
    /** A part of another's execution begins to run here. @returns what is to be called when it does no more */
    holdForPart(): () => void {
      let isHeld = true;
      parts += 1;
      return () => {
        if (isHeld) parts -= 1;
        isHeld = false;
      };
    },
    /** Nothing of what runs goes on here. */
    handBack(): void {
      for (const { handBack } of present()) handBack.abort();
    },
    sessions: (): ExecutionSession[] => present().flatMap(({ session }) => session ?? []),
    runs: () => [...running.keys()].map((id) => ({ id, jobName: entryOf(id)?.jobName ?? '' })),
    /** Resolves when nothing runs. */
    async settled(): Promise<void> {
      while (running.size > 0) await Promise.all(present().map(({ done }) => done));
    },
  };
}
