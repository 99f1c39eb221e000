import type { HolderQuestion } from './conductor-holder-question.ts';
import { startWatchdog } from './conductor-watchdog.ts';
import type { Settings } from './config/schema.ts';
import type { Timers } from './ports/timers.ts';

/** Why a process has ended. */
export interface ProcessEnding {
  /** What is said of it: `ended with exit code 7`. */
  readonly because: string;
  /** The execution whose code ended it, where that is known. */
  readonly by: number | null;
}

/** How long a process that runs jobs has not answered, and whose code is at fault. */
export interface Silence {
  /** It has answered. */
  answered(): void;
  /** Whether it is one to warn of. */
  isLong(): boolean;
  /** What an operator should know of it. @param runs what the process runs: `execution 4 (Load)` */
  warning(runs: string): string;
  /** Why it has ended, in the midst of a silence that is one to warn of: whoever held it up has ended it, too. */
  blamed(because: string): ProcessEnding;
  stop(): void;
}

export interface SilenceOptions {
  readonly timers: Timers;
  readonly settings: Pick<Settings, 'LEASE_SECONDS' | 'BLOCKED_SECONDS'>;
  readonly pid: number | undefined;
  readonly question: HolderQuestion;
  /** Asks whether it still answers. */
  readonly ping: () => void;
  /** It is one to warn of. */
  readonly onLong: () => void;
  /** Who holds it up has been asked for. */
  readonly onAsked: () => void;
  /** It answers after all. */
  readonly onAnswer: (message: string) => void;
  /** It has to be ended. */
  readonly onLost: (ending: ProcessEnding) => void;
}

/** A process that has not answered for so many leases is one to warn of. */
const longLeases = 2;

/** Begins to watch. */
export function watchSilence(options: SilenceOptions): Silence {
  const { timers, settings, pid, question } = options;
  const warnAfterMilliseconds = settings.LEASE_SECONDS * longLeases * 1000;
  const endAfterMilliseconds = settings.BLOCKED_SECONDS * 1000;
  const isLong = (): boolean => watchdog.silentSeconds() >= settings.LEASE_SECONDS * longLeases;

  async function lose(): Promise<void> {
    const holder = await question.ask();
    const because =
      holder === null
        ? `did not answer for ${settings.BLOCKED_SECONDS} s and was ended`
        : `was held up for ${settings.BLOCKED_SECONDS} s by ${holder.whose} and was ended`;
    options.onLost({ because, by: holder?.executionId ?? null });
  }

  const watchdog = startWatchdog({
    timers,
    everyMilliseconds: Math.min(1000, warnAfterMilliseconds / 4, endAfterMilliseconds / 4),
    warnAfterMilliseconds,
    endAfterMilliseconds,
    ask: options.ping,
    onSilent: () => {
      question.forget();
      options.onLong();
      void question.ask().then(options.onAsked);
    },
    onAnswer: (seconds) => {
      question.forget();
      options.onAnswer(`the process that runs jobs (pid ${pid}) answers again after ${seconds} s`);
    },
    onLost: () => void lose(),
  });
  return {
    answered: () => watchdog.answered(),
    isLong,
    warning(runs) {
      const whose = question.holder?.whose ?? 'a step';
      const runsText = runs === '' ? '' : ` It runs ${runs}.`;
      return `the process that runs jobs (pid ${pid}) has not answered for ${watchdog.silentSeconds()} s: ${whose} computes or waits without a pause, or loops.${runsText} After ${settings.BLOCKED_SECONDS} s (BLOCKED_SECONDS) it is ended.`;
    },
    blamed(because) {
      const holder = isLong() ? question.holder : null;
      if (holder === null) return { because, by: null };
      return { because: `${because} while ${holder.whose} held it up`, by: holder.executionId };
    },
    stop: () => watchdog.stop(),
  };
}
