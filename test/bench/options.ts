import { parseArgs } from 'node:util';

/** Groups of rows, as `--only` names them, in the order in which they run. */
export const groups = [
  'get-status',
  'open',
  'older-service',
  'group-commit',
  'launches',
  'flows',
  'task-list',
  'steps',
  'chunk-step',
  'partitions',
  'csv-to-sql',
  'history',
  'start',
  'idle',
] as const;
export type Group = (typeof groups)[number];

export interface BenchOptions {
  readonly only: readonly Group[];
  /** Fewer and shorter rounds: for a look, not for the record. */
  readonly quick: boolean;
  /** The older service's address, or `null`. */
  readonly peer: string | null;
  /** A Python that can import TaskFlow, or `null`. */
  readonly taskflow: string | null;
  readonly json: boolean;
  readonly idleMinutes: number;
}

export const usage = `Usage: npm run bench -- [options]

Measures the service against its peers, in turns, and prints a table of ratios.

  --only <groups>       some rows only, separated by commas: ${groups.join(', ')}
  --quick               fewer and shorter rounds
  --peer <url>          the older service, for its rows; it must know the workflow wf1
  --taskflow <python>   a Python that can import TaskFlow, for the row of flows
  --idle-minutes <n>    how long the idle server is watched (default: 1; the figure to reach is of 10)
  --json                print the rows as JSON
`;

/** @returns `null` when help is asked for @throws TypeError for what is no option */
export function readOptions(argv: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      peer: { type: 'string' },
      taskflow: { type: 'string' },
      json: { type: 'boolean', default: false },
      'idle-minutes': { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const idleMinutes = Number(values['idle-minutes']);
  if (!(idleMinutes > 0)) throw new TypeError(`--idle-minutes is ${values['idle-minutes']}; expected a number`);
  return {
    only: values.only === undefined ? groups : values.only.split(',').map(groupOf),
    quick: values.quick,
    peer: values.peer === undefined ? null : new URL(values.peer).href.replace(/\/$/, ''),
    taskflow: values.taskflow ?? null,
    json: values.json,
    idleMinutes,
  };
}

function groupOf(name: string): Group {
  const found = groups.find((group) => group === name.trim());
  if (found === undefined) throw new TypeError(`--only: there is no group ${name}; there are ${groups.join(', ')}`);
  return found;
}
