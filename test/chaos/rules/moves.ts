import type { JournalExecution } from '../../../src/domain/change.ts';
import { type BatchStatus, batchStatuses } from '../../../src/domain/execution.ts';
import { decodeExecution, decodeStep } from '../../../src/domain/execution-text.ts';
import {
  executionTransitions,
  isLive,
  stepTransitions,
  type TransitionTable,
} from '../../../src/domain/execution-transitions.ts';
import type { StoredDocument } from '../../../src/ports/document-reader.ts';
import type { Moment } from '../history/history.ts';
import type { Rule } from './rule.ts';

/** Tasks of a flow have states of their own, which the rule of reverts looks at. */
const stepStatuses = new Set<string>(batchStatuses.filter((status) => status !== 'REVERTED'));

function mayBecome(table: TransitionTable<string>, before: string, after: string): boolean {
  return Object.values(table[before as BatchStatus] ?? {}).some((move) => move?.to === after);
}

/**
 * Every execution moves by its table, one entry of the journal for each move, and its document says the same: what is final stays
 * so (I4), and nothing is done twice.
 */
export function executionsMoveByTheirTable(): Rule {
  return {
    see: (moment) =>
      [...Map.groupBy(executionMoves(moment), ({ id }) => id)].flatMap(([id, moves]) => {
        const change = moment.changes.find(
          ({ collection, id: changed }) => collection === 'execution' && changed === String(id),
        );
        const after = moment.find('execution', id);
        const before = change === undefined ? after : change.before;
        return brokenMoves(`execution ${id}`, moves, statusOf(before), statusOf(after));
      }),
  };
}

function executionMoves({ entries }: Moment): JournalExecution[] {
  return entries.flatMap(({ entry: { execution } }) =>
    execution === undefined || execution.stepName !== null ? [] : [execution],
  );
}

function statusOf(document: StoredDocument | null): BatchStatus | null {
  return document === null ? null : decodeExecution(document.text).status;
}

function brokenMoves(
  what: string,
  moves: readonly JournalExecution[],
  first: BatchStatus | null,
  stored: BatchStatus | null,
): string[] {
  const broken: string[] = [];
  let status: string | null = first;
  for (const { before, after } of moves) {
    if (before !== status) broken.push(`${what} was ${status} and is told to have left ${before} for ${after}`);
    else if (before !== null && !mayBecome(executionTransitions, before, after))
      broken.push(`${what} went from ${before} to ${after}, which no event allows`);
    status = after;
  }
  if (stored !== status) broken.push(`${what} is stored as ${stored}, the journal left it ${status}`);
  return broken;
}

/** A document that changes without an entry keeps its status, and what is final does not change at all. */
export function documentsKeepWhatIsFinal(): Rule {
  return {
    see: (moment) => {
      const moved = new Set(executionMoves(moment).map(({ id }) => String(id)));
      return moment.changes.flatMap(({ collection, id, before, after }) => {
        if (before === null || after === null || before.text === after.text) return [];
        if (collection === 'execution' && !moved.has(id)) return brokenQuiet(id, before.text, after.text);
        if (collection === 'step') return brokenStep(id, before.text, after.text);
        return [];
      });
    },
  };
}

function brokenQuiet(id: string, beforeText: string, afterText: string): string[] {
  const [before, after] = [decodeExecution(beforeText), decodeExecution(afterText)];
  if (before.status !== after.status)
    return [`execution ${id} went from ${before.status} to ${after.status} without a word in the journal`];
  return isLive(before.status) ? [] : [`execution ${id} was changed although it was ${before.status}`];
}

function brokenStep(id: string, beforeText: string, afterText: string): string[] {
  const [{ status: before, flow }, { status: after }] = [decodeStep(beforeText), decodeStep(afterText)];
  // The latest row of a task of a flow holds the task's state, too, which goes on.
  const isTask = flow !== undefined && before === after;
  if (isTask || mayBecome(stepTransitions, before, after)) return [];
  return [`step execution ${id} went from ${before} to ${after}, which no event allows`];
}

/** What the journal tells of a step begins where it ended, or anew once that was final. */
export function stepsMoveByTheirTable(): Rule {
  const known = new Map<string, string>();
  return {
    see: ({ entries }) =>
      entries.flatMap(({ entry: { execution } }) => {
        if (execution === undefined || execution.stepName === null || !stepStatuses.has(execution.after)) return [];
        const { id, stepName, before, after } = execution;
        const key = `${id} ${stepName}`;
        const was = known.get(key) ?? null;
        known.set(key, after);
        const what = `step ${stepName} of execution ${id}`;
        if (before === null)
          return was === null || !('take-over' in stepTransitions[was as BatchStatus])
            ? []
            : [`${what} began anew while it was ${was}`];
        if (before !== was) return [`${what} was ${was} and is told to have left ${before} for ${after}`];
        return mayBecome(stepTransitions, before, after)
          ? []
          : [`${what} went from ${before} to ${after}, which no event allows`];
      }),
  };
}
