import type { Journal } from '../ports/journal.ts';
import type { Timers } from '../ports/timers.ts';

export interface LooksOptions {
  readonly journal: Journal;
  readonly timers: Timers;
  readonly lookEveryMilliseconds: number;
  /** @param refreshes whether somebody may have changed what runs here, too */
  readonly look: (refreshes: boolean) => Promise<void>;
  /** Told when a part of an execution was offered to all. */
  readonly onOffer: () => void;
  readonly onProblem: (error: unknown) => void;
}

export interface Looks {
  start(): void;
  /** Looks now for what was launched or is to stop, or once more when a look is under way. */
  look(): void;
  /** There is room again; nothing else has happened. */
  lookForWork(): void;
  /** What nobody went on with may be gone on with now. */
  lookForStrays(): void;
  stop(): Promise<void>;
}

const pageSize = 500;

/**
 * Decides when to look for work: when the journal tells of an execution that was launched or is to stop, and from time to time.
 * What a running step stores again and again wakes nobody.
 */
export function createLooks(options: LooksOptions): Looks {
  const { journal, timers, lookEveryMilliseconds, look, onOffer, onProblem } = options;
  let cancel = (): void => {};
  let unsubscribe = (): void => {};
  let isListening = false;
  let stopped = false;
  let looking: Promise<void> | null = null;
  let again = false;
  let againRefreshes = false;
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  let readAgain = false;
  let beyond: number | null = null;

  function lookNow(refreshes: boolean): void {
    if (stopped) return;
    if (looking !== null) {
      again = true;
      againRefreshes ||= refreshes;
      return;
    }
    cancel();
    // However often it looks for other reasons.
    const isDue = timers.monotonic() - refreshedAt >= lookEveryMilliseconds;
    if (refreshes || isDue) refreshedAt = timers.monotonic();
    looking = lookListening(refreshes || isDue)
      .catch(onProblem)
      .finally(() => {
        looking = null;
        if (stopped) return;
        cancel = timers.after(lookEveryMilliseconds, () => lookNow(true));
        if (!again) return;
        const refreshesNext = againRefreshes;
        again = againRefreshes = false;
        lookNow(refreshesNext);
      });
  }

  /** What was there before it listens is found by the look that follows. */
  async function lookListening(refreshes: boolean): Promise<void> {
    if (isListening) return look(refreshes);
    await listen().catch(onProblem);
    if (!stopped) await look(refreshes || isListening);
  }

  /** Where that fails, the next look tries it again: what nobody hears is found by the clock only. */
  async function listen(): Promise<void> {
    beyond = (await journal.bounds()).last;
    if (stopped) return;
    unsubscribe = journal.subscribe(hear);
    isListening = true;
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
    let isLaunch = false;
    let isStop = false;
    let isOffer = false;
    beyond ??= (await journal.bounds()).first - 1;
    for (let isMore = true; isMore;) {
      const found = await journal.executionStatuses(beyond, pageSize);
      beyond = found.last;
      isMore = found.isMore;
      isLaunch ||= found.statuses.has('STARTING');
      isStop ||= found.statuses.has('STOPPING');
      isOffer ||= found.offersParts;
    }
    if (isOffer) onOffer();
    if (isLaunch || isStop) lookNow(isStop);
  }

  return {
    start: () => lookNow(true),
    lookForWork: () => lookNow(false),
    lookForStrays: () => lookNow(true),
    look() {
      lookNow(false);
      // What is to stop is told by the journal: to ask for each that runs whenever something is launched would cost more than running it.
      if (beyond !== null) hear();
    },
    async stop() {
      stopped = true;
      cancel();
      unsubscribe();
      await looking;
      await reading;
    },
  };
}
