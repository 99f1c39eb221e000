import {
  batchEvents,
  batchTransitions,
  type Guard,
  type Move,
  type Status,
  statuses,
} from '../src/domain/transitions.ts';
import { markdownTable } from './marked-region.ts';

/** The states of a job, from the table that the code runs on: a diagram of the moves, then every cell with its guard. */
export function drawStates(): string {
  const moves = statuses.flatMap((from) =>
    batchEvents.map((event) => ({ from, event, move: batchTransitions[from][event] })),
  );
  const arrows = moves.flatMap(({ from, event, move }) =>
    isRefusedOrUnchanged(move) ? [] : [`    ${from} --> ${move.to}: ${event}${guardLabel(move.guard)}`],
  );
  const rows = statuses.map((from) => [
    `\`${from}\``,
    ...batchEvents.map((event) => describeMove(batchTransitions[from][event])),
  ]);
  return [
    '```mermaid',
    'stateDiagram-v2',
    '    direction LR',
    '    [*] --> new: load',
    ...arrows,
    '```',
    '',
    markdownTable(['status', ...batchEvents.map((event) => `\`${event}\``)], rows),
  ].join('\n');
}

function isRefusedOrUnchanged(move: Move): move is Exclude<Move, { readonly to: Status }> {
  return move.to === 'unchanged' || move.to === 'refused';
}

const guardTexts: Readonly<Record<Guard, string>> = {
  none: '',
  force: '`force`',
  'force-and-reason': '`force` and a `reason`',
  'batch-id-or-force': 'the `batch_id` or `force`',
};

function guardLabel(guard: Guard): string {
  return guard === 'none' ? '' : ` (${guardTexts[guard].replaceAll('`', '')})`;
}

function describeMove(move: Move): string {
  if (move.to === 'unchanged') return 'answered 200, nothing changes';
  if (move.to === 'refused') return `409 [\`${move.code}\`](problems.md#${move.code})`;
  return `→ \`${move.to}\`${move.guard === 'none' ? '' : `, needs ${guardTexts[move.guard]}`}`;
}
