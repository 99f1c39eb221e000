import type { ErrorPlace } from './errors.ts';

/** Node's timers take a signed 32-bit number of milliseconds, and end at once what is longer: 24 days. */
export const longestSeconds = 2_147_483;

/** What is wrong with a number, or nothing. `null` stands for a setting that is not made. */
export type RangeCheck = (pointer: string, value: number | null) => ErrorPlace[];

/** A count: a whole number from `least` on. */
export function countFrom(least: number): RangeCheck {
  return (pointer, value) =>
    value === null || (Number.isSafeInteger(value) && value >= least)
      ? []
      : [{ pointer, detail: `${lastName(pointer)} is ${value}; expected a whole number from ${least} on` }];
}

/** What holds a place is kept in one document, which is written anew for each. */
export const mostPlaces = 10_000;

/** How many may run at a time. */
export const places: RangeCheck = (pointer, value) =>
  value === null || (Number.isSafeInteger(value) && value >= 1 && value <= mostPlaces)
    ? []
    : [{ pointer, detail: `${lastName(pointer)} is ${value}; expected a whole number from 1 to ${mostPlaces}` }];

/** A time that passes; zero is allowed. */
export const delay: RangeCheck = (pointer, value) =>
  value === null || (value >= 0 && value <= longestSeconds)
    ? []
    : [{ pointer, detail: `${lastName(pointer)} is ${value}; expected seconds from 0 to ${longestSeconds}` }];

/** A time after which something ends. */
export const timeout: RangeCheck = (pointer, value) =>
  value === null || (value > 0 && value <= longestSeconds)
    ? []
    : [{ pointer, detail: `${lastName(pointer)} is ${value}; expected seconds above 0, up to ${longestSeconds}` }];

function lastName(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1);
}
