import type { BatchStatus, StepExecution } from './execution.ts';
import type { TaskStatus } from './flow-state.ts';
import { emptyFlowRecord, type FlowOutline, type FlowRecord, type OutlineNode } from './flow-text.ts';
import type { PlannedStep } from './restart-plan.ts';

export interface FlowPlanInput {
  /** As the flow was when it was picked up last; `null`: nobody has. It is made anew by the code as it is then. */
  readonly outline: FlowOutline | null;
  /** Of the last execution: what is being reverted. */
  readonly record: FlowRecord;
  /** Of the instance: the latest step execution of each task. */
  readonly tasks: ReadonlyMap<string, StepExecution>;
  /** The execution that is gone on with, while it runs; `null` for a new one. */
  readonly executionId: number | null;
  /** Of the last execution, where a new one is planned. */
  readonly lastStatus: BatchStatus | null;
}

type Planned = Pick<PlannedStep, 'action' | 'why'>;
type Unwinding = FlowRecord['unwinding'];

interface Standing {
  readonly status: TaskStatus;
  /** Whether it lies in what is being reverted. */
  readonly isUnwound: boolean;
  /** ` in execution 7`, or nothing. */
  readonly where: string;
  /** This execution has brought it there. */
  readonly isOwn: boolean;
}

/**
 * What a restart of a flow does with each of its tasks, or what is left of one that runs: what has succeeded is kept, unless it lies in what is being
 * reverted; what was interrupted is done once more; what was undone begins anew. What a controller will say about a failure nobody knows yet.
 */
export function planFlowRestart(input: FlowPlanInput): PlannedStep[] {
  const { tasks, executionId, lastStatus } = input;
  const { unwinding } = executionId === null && lastStatus === 'REVERTED' ? emptyFlowRecord : input.record;
  const nodes = input.outline?.nodes ?? [...tasks.keys()].map(outlinedAlone);
  const unwound = insideOf(nodes, unwinding?.scopes ?? []);
  const isOpen = unwinding === null && [...tasks.values()].some(({ flow }) => flow?.task?.status === 'FAILURE');
  return nodes.flatMap((node, index): PlannedStep[] => {
    if (node.kind !== 'task') return [];
    const row = tasks.get(node.name);
    const standing: Standing = {
      status: row?.flow?.task?.status ?? 'PENDING',
      isUnwound: unwound[index] === true,
      where: row === undefined ? '' : ` in execution ${row.executionId}`,
      isOwn: row !== undefined && row.executionId === executionId,
    };
    const { action, why } = withoutRevert(
      node,
      unwinding,
      lastStatus === 'COMPLETED' ? done(standing) : planned(standing, unwinding),
    );
    const conditional = isOpen && action === 'run';
    return [{ stepName: node.name, action, why, checkpoint: null, conditional, overLimit: false }];
  });
}

function outlinedAlone(name: string): OutlineNode {
  return { name, kind: 'task', scope: null, parents: [], retry: null, hasRevert: true };
}

/** A scope stands before what it holds. */
function insideOf(nodes: readonly OutlineNode[], scopes: readonly string[]): readonly boolean[] {
  const inside: boolean[] = [];
  for (const { name, scope } of nodes) inside.push(scopes.includes(name) || (scope !== null && inside[scope] === true));
  return inside;
}

function done({ status, where }: Standing): Planned {
  return { action: 'skip', why: status === 'SUCCESS' ? `it succeeded${where}` : 'the flow has succeeded without it' };
}

function planned({ status, isUnwound, where, isOwn }: Standing, unwinding: Unwinding): Planned {
  const isTriedAgain = unwinding?.next === 'retry';
  if (status === 'PENDING')
    return begun(where === '' ? 'it has not run yet' : `it was put back to pending${where}`, unwinding);
  if (status === 'REVERTED')
    return isOwn && !isTriedAgain
      ? { action: 'skip', why: `it was undone${where}` }
      : begun(`it was undone${where} and begins anew`, unwinding);
  if (status === 'SUCCESS' && !isUnwound) return { action: 'skip', why: `it succeeded${where}` };
  if (status === 'RUNNING' && !isUnwound)
    return {
      action: 'run',
      why: isOwn ? 'it runs, and is run once more if whoever runs it is gone' : `it was interrupted${where}`,
    };
  const whys: Readonly<Record<typeof status, string>> = {
    RUNNING: `it was interrupted${where}, and something else failed`,
    SUCCESS: `it succeeded${where}, and lies in what is being reverted`,
    FAILURE: `it failed${where}${unwinding === null ? ': its retry controller says how far that goes' : ''}`,
    REVERTING: isOwn ? 'its revert is under way' : `its revert was interrupted${where}`,
    REVERT_FAILURE: `its revert failed${where}, and is tried again`,
  };
  return { action: 'revert', why: `${whys[status]}${isTriedAgain ? ', then it is run again' : ''}` };
}

function begun(why: string, unwinding: Unwinding): Planned {
  if (unwinding === null) return { action: 'run', why };
  return unwinding.next === 'retry'
    ? { action: 'run', why: `${why}; first what is being reverted is undone` }
    : { action: 'skip', why: 'the flow is being reverted, so that nothing more is run' };
}

/** What has no revert is passed over by one: nothing is to be undone. */
function withoutRevert({ hasRevert }: OutlineNode, unwinding: Unwinding, { action, why }: Planned): Planned {
  if (action !== 'revert' || hasRevert) return { action, why };
  return { action: unwinding?.next === 'retry' ? 'run' : 'skip', why: `${why}; there is nothing to undo` };
}
