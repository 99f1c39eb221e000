import { decodePlace, placeProblem } from './chunk-place.ts';
import { BatchyError } from './errors.ts';
import type { JobExecution, StepExecution } from './execution.ts';
import { isLive } from './execution-transitions.ts';
import type { JobDefinition } from './job.ts';
import { notRecovered } from './launch-rules.ts';
import { quoteBriefly } from './names.ts';
import { partOf, replayOf, stepOfName } from './replay.ts';

/** Whether what a step has left out may be replayed, and what is meant. */

/** @throws BatchyError `already-running`, `not-recovered`, `abandoned`, `not-replayable` for an execution of which nothing is replayed */
export function checkReplayed(execution: JobExecution): void {
  const { id, status, parameters } = execution;
  const replay = replayOf(parameters);
  if (replay !== null)
    throw notReplayable(
      `Execution ${id} is a replay itself: what failed once more is kept with execution ${replay.executionId}. POST /executions/${replay.executionId}/skipped/replay.`,
    );
  if (isLive(status)) throw stillRunning(execution);
  if (status === 'UNKNOWN') throw notRecovered(execution);
  checkNotAbandoned(execution);
}

/**
 * What was given up is read anew by the next launch, items that an earlier execution of the instance has left out among it.
 * @throws BatchyError `abandoned`
 */
export function checkNotAbandoned({ id, status }: Pick<JobExecution, 'id' | 'status'>): void {
  if (status !== 'ABANDONED') return;
  throw new BatchyError(
    'abandoned',
    `Execution ${id} was abandoned, so nothing of its instance is run again. Launch the job: it reads the items anew.`,
    { facts: { execution_id: id } },
  );
}

/** What runs must end before anything of its instance is replayed, and the other way round. */
export function stillRunning({ id, status, parameters, instanceId }: JobExecution): BatchyError {
  const replay = replayOf(parameters);
  const what = replay === null ? '' : `, which replays items of execution ${replay.executionId},`;
  return new BatchyError(
    'already-running',
    `Execution ${id}${what} is ${status}. Wait for its end, or stop it: two of them would write to the same target.`,
    { facts: { execution_id: id, job_instance_id: instanceId } },
  );
}

/** Items that a step execution has left out, those that were replayed since among them. */
export function skipsOf({ counters }: Pick<StepExecution, 'counters'>): number {
  return counters.readSkip + counters.processSkip + counters.writeSkip;
}

/**
 * The step execution whose items are replayed.
 * @param steps of the execution
 * @param named as the request names it, or `null` where it names none
 * @throws BatchyError `invalid-body` where the name is of no chunk step, or is needed and not there; `not-replayable` where nothing
 * was left out
 */
export function chooseStep(
  definition: JobDefinition,
  executionId: number,
  steps: readonly StepExecution[],
  named: string | null,
): StepExecution {
  if (definition.isFlow === true)
    throw notReplayable(
      `Job ${quoteBriefly(definition.name)} is a flow: its tasks leave no items out, so that nothing can be replayed. POST /executions/${executionId}/restart goes on with it.`,
    );
  // The counters of a partitioned step are the sum of those of its parts, which are there as well.
  const sums = new Set(steps.flatMap(({ stepName }) => (partOf(stepName).index === null ? [] : partOf(stepName).name)));
  const candidates = steps.filter((step) => skipsOf(step) > 0 && !sums.has(step.stepName));
  const names = candidates.map(({ stepName }) => quoteBriefly(stepName)).join(', ');
  const nothing = (where: string): BatchyError =>
    notReplayable(`${where} of execution ${executionId} has left nothing out.${names === '' ? '' : ` ${names} has.`}`);
  if (named !== null) checkStep(definition, named, names);
  if (named === null && candidates.length > 1)
    throw refusedStep(`Several steps of execution ${executionId} have left items out; say which: ${names}.`);
  const step = candidates.find(({ stepName }) => named === null || stepName === named);
  if (step === undefined) throw nothing(named === null ? 'No step' : `Step ${quoteBriefly(named)}`);
  if (named === null) checkStep(definition, step.stepName, names);
  return step;
}

function checkStep(definition: JobDefinition, named: string, names: string): void {
  const step = stepOfName(definition, named);
  const { name, index } = partOf(named);
  const others = names === '' ? '' : ` Those that have left items out: ${names}.`;
  const job = `job ${quoteBriefly(definition.name)}`;
  if (step === null) throw refusedStep(`There is no step ${quoteBriefly(name)} in ${job} (any more).${others}`);
  if (step.kind === 'partition' && index === null)
    throw refusedStep(
      `Step ${quoteBriefly(name)} of ${job} is partitioned: its parts are replayed each by itself.${others}`,
    );
  if (step.kind !== (index === null ? 'chunk' : 'partition'))
    throw refusedStep(
      `Step ${quoteBriefly(named)} of ${job} is no chunk step, and only those leave items out.${others}`,
    );
}

/** @param now the latest step execution of the same step in the instance; `undefined` where there is none */
export function checkNotRunAfresh(then: StepExecution, now: StepExecution | undefined): void {
  const { stepName, executionId } = then;
  const problem = placeProblem(then.checkpoint) ?? placeProblem(now?.checkpoint ?? null);
  if (now === undefined || problem !== null)
    throw notReplayable(`Step ${stepName} of execution ${executionId}: ${problem ?? 'it is gone.'}`);
  // A run from the beginning has read all items once more, and written them or left them out itself.
  if (decodePlace(then.checkpoint).origin === decodePlace(now.checkpoint).origin) return;
  throw notReplayable(
    `Step ${stepName} was run afresh by execution ${now.executionId} since, which has read again what execution ${executionId} had left out. See GET /executions/${now.executionId}/skipped.`,
  );
}

export function notReplayable(detail: string): BatchyError {
  return new BatchyError('not-replayable', detail);
}

function refusedStep(detail: string): BatchyError {
  return new BatchyError('invalid-body', `${detail} Nothing was launched.`, { places: [{ pointer: '/step', detail }] });
}
