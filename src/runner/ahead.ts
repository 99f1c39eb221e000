import type { draftOf } from './execution-draft.ts';
import type { Decide } from './execution-state.ts';

/**
 * Changes that wait to be stored with whatever is stored next, before it, in their order. A commit names them by the place up to which it
 * takes them along, so that many commits that wait at a time carry each change once.
 */
export class Ahead {
  #waiting: Decide[] = [];
  #stored = 0;

  /** The place behind the last one. */
  get end(): number {
    return this.#stored + this.#waiting.length;
  }

  /** The place behind the last one that is stored. */
  get stored(): number {
    return this.#stored;
  }

  add(decide: Decide): void {
    this.#waiting.push(decide);
  }

  /** Those from one place on to another that are not stored. */
  between(from: number, to: number): readonly Decide[] {
    return this.#waiting.slice(Math.max(0, from - this.#stored), Math.max(0, to - this.#stored));
  }

  /** All before this place are stored. */
  settle(to: number): void {
    if (to <= this.#stored) return;
    this.#waiting = this.#waiting.slice(to - this.#stored);
    this.#stored = to;
  }
}

export interface Decided {
  readonly decides: readonly Decide[] | 'refresh';
  /** The place up to which what is ahead comes before it. */
  readonly ahead: number;
}

/** Puts into the draft what was decided, each after what is ahead of it, and in the end all that is ahead up to a place. */
export async function takeDecided(
  draft: ReturnType<typeof draftOf>,
  ahead: Ahead,
  decided: readonly Decided[],
  upTo: number,
): Promise<typeof draft> {
  let taken = ahead.stored;
  const take = async (decides: readonly Decide[]): Promise<void> => {
    for (const decide of decides) draft.take(await decide(draft.state()));
  };
  for (const { decides, ahead: to } of decided) {
    await take(ahead.between(taken, to));
    taken = Math.max(taken, to);
    if (decides !== 'refresh') await take(decides);
  }
  await take(ahead.between(taken, upTo));
  return draft;
}
