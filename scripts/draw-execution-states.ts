import { batchStatuses } from '../src/domain/execution.ts';
import {
  executionEvents,
  executionTransitions,
  stepEvents,
  stepTransitions,
} from '../src/domain/execution-transitions.ts';
import { taskEvents, taskStatuses, taskTransitions } from '../src/domain/flow-state.ts';
import { markdownTable } from './marked-region.ts';

/** The states of an execution, from the table that the code runs on. */
export function drawExecutionStates(): string {
  return draw(executionTransitions, { statuses: batchStatuses, events: executionEvents, first: 'STARTING: launch' });
}

/** The states of a step execution. */
export function drawStepStates(): string {
  return draw(stepTransitions, { statuses: batchStatuses, events: stepEvents, first: 'STARTED: begin' });
}

/** The states of a task of a flow. */
export function drawTaskStates(): string {
  return draw(taskTransitions, { statuses: taskStatuses, events: taskEvents, first: 'PENDING: pick up' });
}

const guards = {
  none: { arrow: '', row: '' },
  'owner-gone': { arrow: ' (owner gone)', row: ', once its owner is gone' },
  'runner-gone': { arrow: ' (runner gone)', row: ', once whoever worked on it is gone' },
} as const;

interface Move<Status extends string> {
  readonly to: Status;
  readonly guard: keyof typeof guards;
}

interface Drawn<Status extends string, Event extends string> {
  readonly statuses: readonly Status[];
  readonly events: readonly Event[];
  /** The status that is the first, and how it comes to be. */
  readonly first: string;
}

function draw<Status extends string, Event extends string>(
  table: Readonly<Record<Status, Readonly<Partial<Record<Event, Move<Status>>>>>>,
  { statuses, events, first }: Drawn<Status, Event>,
): string {
  const moves = statuses.flatMap((from) =>
    events.flatMap((event) => {
      const move = table[from][event];
      return move === undefined ? [] : [{ from, event, move }];
    }),
  );
  // What keeps its status is in the table below; in the picture it would only be in the way.
  const arrows = moves
    .filter(({ from, move }) => move.to !== from)
    .map(({ from, event, move }) => `    ${from} --> ${move.to}: ${event}${guards[move.guard].arrow}`);
  const taking = statuses.filter((status) => moves.some(({ from, move }) => from === status || move.to === status));
  const rows = taking.map((from) => [`\`${from}\``, ...events.map((event) => describe(from, table[from][event]))]);
  return [
    '```mermaid',
    'stateDiagram-v2',
    `    [*] --> ${first}`,
    ...arrows,
    '```',
    '',
    markdownTable(['status', ...events.map((event) => `\`${event}\``)], rows),
  ].join('\n');
}

function describe<Status extends string>(from: Status, move: Move<Status> | undefined): string {
  if (move === undefined) return '–';
  const to = move.to === from ? 'stays' : `→ \`${move.to}\``;
  return `${to}${guards[move.guard].row}`;
}
