import { appendFileSync } from 'node:fs';

import { defineFlow, linearFlow, task, times } from '../../src/authoring/index.ts';

/** What is done outside by one run of it that nothing disturbs: `ax` runs a, `ar` reverts it. */
export const undoneTrace = 'ax bx br ar ax bx cx cr br ar';

/** A bound flow that tries twice in its first part and then undoes everything. Each thing that it does is a line of the file. */
export function undoneFlow(file: string) {
  const tell = (what: string): void => appendFileSync(file, `${what}\n`);
  const told = (name: string, fails: (attempt: number) => boolean) =>
    task(name, {
      requires: [],
      execute(_values, ctx) {
        tell(`${name}x`);
        if (fails(ctx.attempt)) throw new Error(`${name} has failed`);
        return `made by ${name}`;
      },
      revert: () => tell(`${name}r`),
    });
  const make = () =>
    linearFlow('f', [
      linearFlow('sub', { retry: times(2) }, [told('a', () => false), told('b', (attempt) => attempt === 1)]),
      // It reverts all that lies in the flow, whatever the attempts within.
      told('c', () => true),
    ]);
  return defineFlow('Undone', make, { workflow: 'orders', maxTakeovers: 1000 });
}
