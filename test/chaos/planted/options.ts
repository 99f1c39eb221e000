import { parseArgs } from 'node:util';

import type { PlantedBug } from './planted-bug.ts';

export interface PlantOptions {
  readonly bugs: readonly PlantedBug[];
  /** Only to tell what there is. */
  readonly lists: boolean;
}

export const usage = `Usage: npm run plant -- [options]

Plants mistakes into a copy of the project, one at a time, and runs the check that must see each: it passes without, and fails with the
mistake. The exit code is 1 where one escapes. The working tree is left as it is.

  --only <ids>   some only, separated by commas; more may be given by further --only
  --list         tells which there are, and plants none
  --help         tells this
`;

/** @returns `null` when help is asked for @throws TypeError for what is no option */
export function readOptions(argv: readonly string[], all: readonly PlantedBug[]): PlantOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const ids = values.only?.flatMap((text) => text.split(',')).map((id) => id.trim());
  const unknown = ids?.find((id) => all.every((bug) => bug.id !== id));
  if (unknown !== undefined) throw new TypeError(`--only: there is no bug ${unknown}; --list tells which there are`);
  return { bugs: ids === undefined ? all : all.filter(({ id }) => ids.includes(id)), lists: values.list };
}
