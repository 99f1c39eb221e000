import type { JobExecution, JobInstance, StepExecution } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { planFlowRestart } from '../domain/flow-restart-plan.ts';
import type { TaskStatus } from '../domain/flow-state.ts';
import { emptyFlowRecord, type FlowOutline, type FlowRecord } from '../domain/flow-text.ts';
import type { PlannedStep } from '../domain/restart-plan.ts';
import type { ExecutionRecords } from './execution-records.ts';

/** The tasks of an execution of a flow, as far as anybody knows them. */
export interface FlowView {
  readonly outline: FlowOutline;
  /** By name; whoever is missing is PENDING. `null`: executions after this one have gone on with it, so that nobody knows any more. */
  readonly tasks: ReadonlyMap<string, TaskStatus | null>;
}

/** What a restart of a flow is planned from. */
export interface FlowToRestart {
  readonly execution: JobExecution;
  /** Knows the steps of the execution, should that run. */
  readonly instance: JobInstance;
  /** Of the instance; of no meaning where the execution runs. */
  readonly last: JobExecution | null;
  /** Nothing that was done is kept. */
  readonly isWhole: boolean;
}

/** What a restart does with each task; of an execution that runs, what is left of it. */
export async function flowRestartPlan(
  records: ExecutionRecords,
  { execution, instance, last, isWhole }: FlowToRestart,
): Promise<PlannedStep[]> {
  const live = isLive(execution.status);
  const left = await lastPickedUp(records, live ? execution : last);
  const kept = [...instance.steps].filter(
    ([, { executionId }]) => !isWhole && (!live || !execution.forced || executionId === execution.id),
  );
  return planFlowRestart({
    outline: left?.outline ?? null,
    record: left === null || isWhole ? emptyFlowRecord : left.record,
    tasks: await records.latestSteps({ ...instance, steps: new Map(kept) }),
    executionId: live ? execution.id : null,
    lastStatus: live || isWhole ? null : (last?.status ?? null),
  });
}

/** Of an execution and those before it in its instance, what the newest has left that somebody has picked up. */
async function lastPickedUp(
  records: ExecutionRecords,
  from: JobExecution | null,
): Promise<{ readonly outline: FlowOutline; readonly record: FlowRecord } | null> {
  for (let each = from; each !== null;) {
    const [outline, record] = await Promise.all([records.flowOutline(each.id), records.flowRecord(each.id)]);
    if (outline !== null) return { outline, record };
    each = each.previousId === undefined ? null : ((await records.execution(each.previousId))?.value ?? null);
  }
  return null;
}

/** @param steps of the execution @returns `null` where nobody has picked it up, or it is of no flow */
export async function flowView(
  records: ExecutionRecords,
  { id, instanceId, forced }: JobExecution,
  steps: readonly StepExecution[],
): Promise<FlowView | null> {
  const outline = await records.flowOutline(id);
  if (outline === null) return null;
  const tasks = new Map<string, TaskStatus | null>();
  for (const { stepName, flow } of steps) tasks.set(stepName, flow?.task?.status ?? 'PENDING');
  const instance = forced ? null : await records.instance(instanceId);
  const before = [...(instance?.value.steps ?? [])].filter(([name]) => !tasks.has(name));
  for (const [name, { executionId }] of before) if (executionId > id) tasks.set(name, null);
  const older = new Map(before.filter(([, { executionId }]) => executionId < id));
  if (instance !== null && older.size > 0)
    for (const [name, { flow }] of await records.latestSteps({ ...instance.value, steps: older })) {
      const status = flow?.task?.status ?? 'PENDING';
      // What was undone before has begun anew.
      tasks.set(name, status === 'REVERTED' ? 'PENDING' : status);
    }
  return { outline, tasks };
}
