import type { Journal } from '../ports/journal.ts';
import type { Timers } from '../ports/timers.ts';

export interface LooksOptions {
  readonly journal: Journal;
  readonly timers: Timers;
  readonly lookEveryMilliseconds: number;
  readonly look: () => Promise<void>;
  readonly onProblem: (error: unknown) => void;
}

export interface Looks {
  start(): void;
  /** Looks now, or once more when a look is under way. */
  look(): void;
  stop(): Promise<void>;
}

const pageSize = 500;

/**
 * Decides when to look for work: when the journal tells of an execution that was launched or is to stop, and from time to time.
 * What a running step stores again and again wakes nobody.
 */
export function createLooks({ journal, timers, lookEveryMilliseconds, look, onProblem }: LooksOptions): Looks {
  let cancel = (): void => {};
  let unsubscribe = (): void => {};
  let stopped = false;
  let looking: Promise<void> | null = null;
  let again = false;
  let reading: Promise<void> | null = null;
  let readAgain = false;
  let beyond: number | null = null;

  function lookNow(): void {
    if (stopped) return;
    if (looking !== null) {
      again = true;
      return;
    }
    cancel();
    looking = look()
      .catch(onProblem)
      .finally(() => {
        looking = null;
        if (stopped) return;
        cancel = timers.after(lookEveryMilliseconds, lookNow);
        if (!again) return;
        again = false;
        lookNow();
      });
  }

  function hear(): void {
    if (stopped) return;
    if (reading !== null) {
      readAgain = true;
      return;
    }
    reading = readJournal()
      .catch(onProblem)
      .finally(() => {
        reading = null;
        if (!readAgain) return;
        readAgain = false;
        hear();
      });
  }

  async function readJournal(): Promise<void> {
    let concernsUs = false;
    beyond ??= (await journal.bounds()).first - 1;
    for (;;) {
      const entries = await journal.read({ workflow: null, direction: 'ascending', beyond, limit: pageSize });
      for (const { sequence, entry } of entries) {
        beyond = sequence;
        const after = entry.type === 'execution-changed' ? entry.execution?.after : undefined;
        if (after === 'STARTING' || after === 'STOPPING') concernsUs = true;
      }
      if (entries.length < pageSize) break;
    }
    if (concernsUs) lookNow();
  }

  return {
    start() {
      void (async () => {
        // What was there before is found by the first look.
        beyond = (await journal.bounds()).last;
        unsubscribe = journal.subscribe(hear);
        if (stopped) unsubscribe();
      })()
        .catch(onProblem)
        .finally(lookNow);
    },
    look: lookNow,
    async stop() {
      stopped = true;
      cancel();
      unsubscribe();
      await looking;
      await reading;
    },
  };
}
