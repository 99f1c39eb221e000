/** Random numbers of a seed: the same ones again, so that what was met once can be tried once more. */
export interface Chance {
  /** At least the first, less than the second. */
  between(least: number, most: number): number;
  /** A whole number, both ends among them. */
  whole(least: number, most: number): number;
  pick<T>(all: readonly T[]): T;
  /** A chance of its own, so that one scenario draws the same whichever others run. */
  of(name: string): Chance;
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  // Mulberry32, by Tommy Ettinger (public domain).
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + next() * (most - least);
  const whole = (least: number, most: number): number => Math.floor(between(least, most + 1));
  return {
    between,
    whole,
    pick: (all) => all[whole(0, all.length - 1)] as (typeof all)[number],
    of: (name) => createChance(Buffer.from(name).reduce((sum, byte) => Math.imul(sum, 31) + byte, seed)),
  };
}
