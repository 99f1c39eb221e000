import { parseArgs } from 'node:util';

import { scenarios } from './scenarios/index.ts';
import type { Scenario } from './scenario.ts';

export interface ChaosOptions {
  readonly only: readonly Scenario[];
  readonly seed: number;
  readonly rounds: number;
  readonly minutes: number;
  readonly isShort: boolean;
  readonly keeps: boolean;
  readonly lists: boolean;
}

export const usage = `Usage: npm run chaos -- [options]

Starts Redis, servers and workers, lets happen to them what happens to machines, and looks afterwards at all that the store went through
and at all that was done outside. The exit code is 1 where something was wrong.

  --only <names>    some scenarios only, separated by commas
  --seed <n>        draws the same moments again (default: a new one, which is printed)
  --rounds <n>      each scenario so often, each time with another seed (default: 1)
  --minutes <n>     how long the soak takes (default: 5; the figure to reach is of 30)
  --short           less of everything
  --keep            leaves the folder of what went wrong: logs, notes, what Redis wrote
  --list            tells which scenarios there are
  --help            tells this
`;

/** @returns `null` when help is asked for @throws TypeError for what is no option */
export function readOptions(argv: readonly string[], drawSeed: () => number): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      seed: { type: 'string' },
      rounds: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '5' },
      short: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    only: values.only?.flatMap((names) => names.split(',').map(scenarioOf)) ?? scenarios,
    seed: values.seed === undefined ? drawSeed() : numberOf('seed', values.seed, Number.isSafeInteger),
    rounds: numberOf('rounds', values.rounds, (rounds) => Number.isSafeInteger(rounds) && rounds > 0),
    minutes: numberOf('minutes', values.minutes, (minutes) => minutes > 0),
    isShort: values.short,
    keeps: values.keep,
    lists: values.list,
  };
}

function numberOf(name: string, text: string, isRight: (number: number) => boolean): number {
  const number = Number(text);
  if (text.trim() === '' || !isRight(number)) throw new TypeError(`--${name} is ${text}; expected a number`);
  return number;
}

function scenarioOf(given: string): Scenario {
  const found = scenarios.find(({ name }) => name === given.trim());
  if (found !== undefined) return found;
  throw new TypeError(
    `--only: there is no scenario ${given}; there are ${scenarios.map(({ name }) => name).join(', ')}`,
  );
}
