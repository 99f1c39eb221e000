import type { Line, Work } from '../domain/work.ts';

/**
 * Wakes conductors and spreads the work among them. What is to be run, and who runs it, is told by the store alone: what is handed on
 * twice, or is lost here, costs a second look.
 */
export interface Dispatcher {
  /**
   * Hands on an execution that is stored. Handing it on again while it waits, or is with somebody, changes nothing.
   * @throws BatchyError `store-unavailable`
   */
  dispatch(work: Work): Promise<void>;
  /** Takes part in the work. */
  consume(options: ConsumeOptions): Consumer;
  close(): Promise<void>;
}

export interface ConsumeOptions {
  readonly lines: readonly Line[];
  /**
   * Runs an execution here, to its end. Called while there is room, as far as is known: what comes in between is put back as `later`.
   */
  readonly take: (executionId: number) => Promise<Taken>;
  /** Of what went wrong and is tried again. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * What became of work that was handed over. `over`: nobody needs to hear of it any more: it has ended, or somebody else has it, or
 * whoever holds it up hands it on again. `later`: it is handed to anybody, at the earliest after so many milliseconds.
 */
export type Taken = { readonly kind: 'over' } | { readonly kind: 'later'; readonly milliseconds: number };

export interface Consumer {
  /** How much may be handed over at a time beside what is there; 0 at first. */
  setRoom(free: number): void;
  /** Takes nothing new. Resolves when what was handed over has been answered for. */
  stop(): Promise<void>;
}
