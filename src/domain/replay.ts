import type { JobParameter, JobParameters } from './execution.ts';
import { generationParameter } from './instance-number.ts';
import { defaultRetry, type JobDefinition, type StepDefinition } from './job.ts';

/**
 * What a replay is of: the items that a chunk step (or a part of a partitioned one) has left out in an execution. A replay is an
 * execution of the same job in an instance of its own, which runs the processor and the writer of that one step over them.
 */
export interface Replay {
  readonly executionId: number;
  /** `name`, or `name:partitionN`. */
  readonly stepName: string;
  /** Of that step in that execution. */
  readonly stepExecutionId: number;
}

/** `:` keeps them apart from all that a launch can name: no launch is taken for a replay, and no step sees them. */
const names = {
  executionId: 'batchy:replay_of',
  stepName: 'batchy:replay_step',
  stepExecutionId: 'batchy:replay_step_execution',
} as const;

/** What an execution with these parameters replays; `null` for one that runs its job. */
export function replayOf(parameters: JobParameters): Replay | null {
  const executionId = parameters.get(names.executionId)?.value;
  const stepName = parameters.get(names.stepName)?.value;
  const stepExecutionId = parameters.get(names.stepExecutionId)?.value;
  if (typeof executionId !== 'number' || typeof stepName !== 'string' || typeof stepExecutionId !== 'number')
    return null;
  return { executionId, stepName, stepExecutionId };
}

/**
 * Parameters of the replay of an execution: its own, the window of a bound job among them, and what is replayed. It has no batch, so
 * that its steps are told of none.
 */
export function replayParameters(of: JobParameters, isBound: boolean, replay: Replay): JobParameters {
  const own = [...of].filter(([name]) => name !== generationParameter && !(isBound && name === 'batch_id'));
  const identifying = (value: JobParameter['value'], type: JobParameter['type']) =>
    ({ type, value, identifying: true }) as const;
  return new Map<string, JobParameter>([
    ...own,
    [names.executionId, identifying(replay.executionId, 'integer')],
    [names.stepName, identifying(replay.stepName, 'string')],
    [names.stepExecutionId, identifying(replay.stepExecutionId, 'integer')],
  ]);
}

/** The step of a job that a step execution of that name is of. @param stepName `name`, or `name:partitionN` */
export function stepOfName(definition: JobDefinition, stepName: string): StepDefinition | null {
  const { name } = partOf(stepName);
  return definition.steps.find((step) => step.name === name) ?? null;
}

/** Of a part of a partitioned step: the step's name and the part's place among the ranges; `index` is `null` for any other step. */
export function partOf(stepName: string): { readonly name: string; readonly index: number | null } {
  const [, name = stepName, index] = /^(.*):partition(\d+)$/.exec(stepName) ?? [];
  return { name, index: index === undefined ? null : Number(index) };
}

/** The job as a replay runs it: the one step alone. A step that is gone since has no code, which the replay says when it runs. */
export function replayDefinition(definition: JobDefinition, stepName: string): JobDefinition {
  const step = stepOfName(definition, stepName);
  const { retry = defaultRetry, timeoutSeconds = null } = step ?? {};
  const alone: StepDefinition = {
    name: stepName,
    kind: 'chunk',
    dependsOn: [],
    on: [],
    retry,
    timeoutSeconds,
    allowStartIfComplete: false,
    startLimit: null,
  };
  return { ...definition, bond: null, newInstancePerLaunch: false, refuseIfComplete: false, steps: [alone] };
}

/** The definition that an execution of the job goes by. */
export function definitionFor(definition: JobDefinition, parameters: JobParameters): JobDefinition {
  const replay = replayOf(parameters);
  return replay === null ? definition : replayDefinition(definition, replay.stepName);
}
