import type { Arena, ArenaOptions } from './arena.ts';

export interface Scenario {
  readonly name: string;
  /** What it does and what must hold, in a sentence. */
  readonly about: string;
  readonly arena?: Pick<ArenaOptions, 'leaseSeconds' | 'limits' | 'redis' | 'hasProxies'>;
  /** @returns what came out */
  run(arena: Arena, extent: Extent): Promise<Outcome>;
}

export interface Extent {
  /** Less of everything: for a look, or the suite. */
  readonly isShort: boolean;
  /** Of the soak. */
  readonly minutes: number;
}

export interface Outcome {
  readonly figures: readonly Figure[];
  /** What must not have been. */
  readonly broken: readonly string[];
  /** Rows that a step's sink must have, each once, by run. */
  readonly rows?: ReadonlyMap<number, number>;
}

export interface Figure {
  readonly what: string;
  readonly value: string;
  /** What is to be reached, where it was; what it missed otherwise is told among what is broken. */
  readonly reach?: string;
}
