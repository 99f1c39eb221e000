import type { Outage } from '../../ports/outage.ts';

/** Tells of trouble once until it is over, however often it is met meanwhile. */
export function createOutage(onProblem: (problem: unknown) => void): Outage {
  let told = false;
  return {
    met(problem) {
      if (told) return;
      told = true;
      onProblem(problem);
    },
    over() {
      told = false;
    },
  };
}
