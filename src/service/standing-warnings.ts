import type { Timers } from '../ports/timers.ts';

/** What an operator should mend that does not pass by itself. */
export interface StandingWarnings {
  /** @throws BatchyError `store-unavailable` */
  look(): Promise<void>;
  /** As it was at the last look. */
  warnings(): readonly string[];
}

export interface StandingWarningsOptions {
  /** What is wrong now, by what it is about. @throws BatchyError `store-unavailable` */
  readonly find: () => Promise<ReadonlyMap<string, string>>;
  readonly timers: Pick<Timers, 'monotonic'>;
  /** What is over within so many seconds is none: a process that is started anew, or reads a file that is on its way. */
  readonly afterSeconds: number;
  /** Told of each once, until it is over. */
  readonly tell: (warning: string) => void;
}

export function createStandingWarnings({
  find,
  timers,
  afterSeconds,
  tell,
}: StandingWarningsOptions): StandingWarnings {
  let standing: ReadonlyMap<string, { readonly text: string; readonly since: number; readonly isTold: boolean }> =
    new Map();
  return {
    async look() {
      const found = await find();
      const now = timers.monotonic();
      standing = new Map(
        [...found].map(([about, text]) => {
          const before = standing.get(about);
          const since = before?.since ?? now;
          const isTold = now - since >= afterSeconds * 1000;
          if (isTold && before?.isTold !== true) tell(text);
          return [about, { text, since, isTold }];
        }),
      );
    },
    warnings: () => [...standing.values()].flatMap(({ text, isTold }) => (isTold ? [text] : [])),
  };
}
