import type { draftOf } from './execution-draft.ts';
import type { Decide, StateChange } from './execution-state.ts';

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

type Draft = ReturnType<typeof draftOf>;

/**
 * Puts into the draft what was decided, each after what is ahead of it, and in the end all that is ahead up to a place.
 * @returns no promise where nothing of it has to be waited for
 */
export function takeDecided(
  draft: Draft,
  ahead: Ahead,
  decided: readonly Decided[],
  upTo: number,
): Draft | Promise<Draft> {
  const decides: Decide[] = [];
  let taken = ahead.stored;
  for (const { decides: own, ahead: to } of decided) {
    decides.push(...ahead.between(taken, to));
    taken = Math.max(taken, to);
    if (own !== 'refresh') decides.push(...own);
  }
  decides.push(...ahead.between(taken, upTo));
  for (const [place, decide] of decides.entries()) {
    const change = decide(draft.state());
    if (change instanceof Promise) return takeLater(draft, change, decides.slice(place + 1));
    draft.take(change);
  }
  return draft;
}

async function takeLater(draft: Draft, first: Promise<StateChange>, others: readonly Decide[]): Promise<Draft> {
  draft.take(await first);
  for (const decide of others) draft.take(await decide(draft.state()));
  return draft;
}
