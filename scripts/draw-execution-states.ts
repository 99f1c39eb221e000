import { type BatchStatus, batchStatuses } from '../src/domain/execution.ts';
import {
  executionEvents,
  type ExecutionMove,
  executionTransitions,
  stepEvents,
  stepTransitions,
  type TransitionTable,
} from '../src/domain/execution-transitions.ts';
import { markdownTable } from './marked-region.ts';

/** The states of an execution, from the table that the code runs on. */
export function drawExecutionStates(): string {
  return draw(executionTransitions, executionEvents, 'STARTING', 'launch');
}

/** The states of a step execution. */
export function drawStepStates(): string {
  return draw(stepTransitions, stepEvents, 'STARTED', 'begin');
}

function draw<Event extends string>(
  table: TransitionTable<Event>,
  events: readonly Event[],
  first: BatchStatus,
  birth: string,
): string {
  const moves = batchStatuses.flatMap((from) =>
    events.flatMap((event) => {
      const move = table[from][event];
      return move === undefined ? [] : [{ from, event, move }];
    }),
  );
  // What keeps its status is in the table below; in the picture it would only be in the way.
  const arrows = moves
    .filter(({ from, move }) => move.to !== from)
    .map(
      ({ from, event, move }) => `    ${from} --> ${move.to}: ${event}${move.guard === 'none' ? '' : ' (owner gone)'}`,
    );
  const taking = batchStatuses.filter((status) =>
    moves.some(({ from, move }) => from === status || move.to === status),
  );
  const rows = taking.map((from) => [`\`${from}\``, ...events.map((event) => describe(from, table[from][event]))]);
  return [
    '```mermaid',
    'stateDiagram-v2',
    `    [*] --> ${first}: ${birth}`,
    ...arrows,
    '```',
    '',
    markdownTable(['status', ...events.map((event) => `\`${event}\``)], rows),
  ].join('\n');
}

function describe(from: BatchStatus, move: ExecutionMove | undefined): string {
  if (move === undefined) return '–';
  const to = move.to === from ? 'stays' : `→ \`${move.to}\``;
  return move.guard === 'none' ? to : `${to}, once its owner is gone`;
}
