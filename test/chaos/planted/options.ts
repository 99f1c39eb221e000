import { parseArgs } from 'node:util';

import type { PlantedBug } from './planted-bug.ts';

export interface PlantOptions {
  readonly bugs: readonly PlantedBug[];
  /** By the scenarios of `npm run chaos`, rather than by tests. */
  readonly byScenarios: boolean;
  /** Only to tell what there is. */
  readonly lists: boolean;
}

export const usage = `Usage: npm run plant -- [options]

Plants mistakes into a copy of the project, one at a time, and runs the check that must see each: it passes without, and fails with the
mistake. The exit code is 1 where one escapes. The working tree is left as it is.

  --only <ids>   some only, separated by commas; more may be given by further --only
  --chaos        runs the scenario of npm run chaos that sees a mistake in place of the tests, where there is one; no others
  --list         tells which there are, and plants none
  --help         tells this
`;

/** @returns `null` when help is asked for @throws TypeError for what is no option */
export function readOptions(argv: readonly string[], all: readonly PlantedBug[]): PlantOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      chaos: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const ids = values.only?.flatMap((text) => text.split(',')).map((id) => id.trim());
  const unknown = ids?.find((id) => all.every((bug) => bug.id !== id));
  if (unknown !== undefined) throw new TypeError(`--only: there is no bug ${unknown}; --list tells which there are`);
  const named = ids === undefined ? all : all.filter(({ id }) => ids.includes(id));
  const bugs = values.chaos ? named.filter(({ scenario }) => scenario !== undefined) : named;
  return { bugs, byScenarios: values.chaos, lists: values.list };
}
