import type { Line, Work } from '../domain/work.ts';

/**
 * Wakes conductors and spreads the work among them. What is to be run, and who runs it, is told by the store alone: what is handed on
 * twice, or is lost here, costs a second look.
 */
export interface Dispatcher {
  /**
   * Hands on an execution that is stored. Handing it on again while it waits, or is with somebody, changes nothing: neither its
   * priority nor when it comes. Settles within the deadline of the stores.
   * @param isOverdue it should have come long ago: where it was put off, by a clock that may have been wrong, it comes now
   * @throws BatchyError `store-unavailable`
   */
  dispatch(work: Work, isOverdue?: boolean): Promise<void>;
  /** Takes part in the work; whether the server is there or not. */
  consume(options: ConsumeOptions): Consumer;
  /** Stops its consumers, too. */
  close(): Promise<void>;
}

export interface ConsumeOptions {
  readonly lines: readonly Line[];
  /**
   * Runs an execution here, to its end. Called only while there is room. It may be called again for one that it has not answered
   * for: by then we were taken for gone. What throws is handed over again a second later.
   */
  readonly take: (executionId: number) => Promise<Taken>;
  /** Of what went wrong and is tried again: what `take` threw, and that the server is away, once until it is back. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * What became of work that was handed over. `over`: nobody needs to hear of it any more: it has ended, or somebody else has it, or
 * whoever holds it up hands it on again. `later`: it is handed to anybody, at the earliest after so many milliseconds; 0: at once,
 * before others of its priority.
 */
export type Taken = { readonly kind: 'over' } | { readonly kind: 'later'; readonly milliseconds: number };

export interface Consumer {
  /**
   * How many more may be handed over from now on, over all lines together; 0 at first. Each that is handed over takes a place, and
   * gives it back when it is answered for, unless the room was set anew in between: then whoever set it has counted it.
   */
  setRoom(free: number): void;
  /** Takes nothing new. Resolves when what was handed over has been answered for, soon after that where the server is away. */
  stop(): Promise<void>;
}
