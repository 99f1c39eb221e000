import { executionFields } from '../domain/execution-text.ts';
import type { JobExecution, JobInstance, JobParameters, StepExecution } from '../domain/execution.ts';
import type { JobDefinition, ParameterDefinition, StepDecision, StepDefinition } from '../domain/job.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { parameterTable } from '../domain/parameters.ts';
import type { PlannedStep } from '../domain/restart-plan.ts';
import { defaultPriority } from '../domain/priority.ts';
import { isSecretName, mask } from '../domain/secrets.ts';
import { isTaskList } from '../domain/task-list.ts';
import { formatInstant } from '../domain/time.ts';
import { defaultQueue } from '../domain/work.ts';
import type { BrokenJobFile } from '../service/job-catalog.ts';
import type { ListedJob } from '../service/jobs.ts';
import type { TaskState } from '../service/task-states.ts';
import { maskSecrets } from './masking.ts';
import type { JobKind } from './schemas/jobs.ts';

/** What the services give of jobs, as it is answered: snake_case, secrets masked. */

export function jobFields({ definition, file, version, readAt, lastExecution }: ListedJob): JsonObject {
  return {
    name: definition.name,
    description: definition.description,
    kind: kindOf(definition),
    file,
    version,
    read_time: formatInstant(readAt),
    workflow: definition.bond?.workflow ?? null,
    workflow_jobs: definition.bond?.jobs ?? null,
    parameters: Object.fromEntries([...definition.parameters].map(([name, each]) => [name, schemaFields(each)])),
    additional_parameters: definition.additionalParameters,
    restartable: definition.restartable,
    refuse_if_complete: definition.refuseIfComplete,
    new_instance_per_launch: definition.newInstancePerLaunch,
    max_concurrent: definition.maxConcurrent,
    max_running: definition.maxRunning ?? null,
    queue: definition.queue ?? defaultQueue,
    priority: definition.priority ?? defaultPriority,
    max_procs: definition.maxProcs ?? null,
    timeout: definition.timeoutSeconds,
    on_failure: definition.onFailure,
    on_owner_lost: definition.onOwnerLost,
    max_takeovers: definition.maxTakeovers,
    graph: { nodes: definition.steps.map(nodeFields), edges: edgesOf(definition) },
    last_execution: lastExecution === null ? null : executionFields(lastExecution),
  };
}

function kindOf(definition: JobDefinition): JobKind {
  if (definition.isFlow === true) return 'flow';
  return isTaskList(definition) ? 'task-list' : 'steps';
}

function schemaFields(definition: ParameterDefinition): JsonObject {
  return {
    type: definition.type,
    ...(definition.default === undefined ? {} : { default: definition.default }),
    required: definition.required,
    identifying: definition.identifying,
    description: definition.description,
  };
}

export function brokenFields({ file, line, column, message }: BrokenJobFile): JsonObject {
  return { file, line, column, message };
}

function nodeFields(step: StepDefinition): JsonObject {
  return {
    name: step.name,
    kind: step.kind,
    task_id: step.task?.id ?? null,
    max_retries: step.retry.maxRetries,
    retry_delay: step.retry.delaySeconds,
    backoff: step.retry.backoff,
    timeout: step.timeoutSeconds,
    allow_start_if_complete: step.allowStartIfComplete,
    start_limit: step.startLimit,
    distributed: step.distributed === true,
  };
}

/** What follows what: `on` is a pattern of exit codes, `null` for success; an edge to no step ends the execution. */
function edgesOf({ steps }: JobDefinition): JsonObject[] {
  return steps.flatMap((step) => [
    ...step.dependsOn.map((before) => ({ from: before, to: step.name, on: null, end: null })),
    ...step.on.map((decision) => decisionFields(step.name, decision)),
  ]);
}

function decisionFields(from: string, { exitCode, to }: StepDecision): JsonObject {
  return 'step' in to ? { from, to: to.step, on: exitCode, end: null } : { from, to: null, on: exitCode, end: to.end };
}

/** One execution, with all of its parameters. */
export function executionWithParameters(execution: JobExecution, awaits: string | null): JsonObject {
  return { ...executionFields(execution), awaits, parameters: maskSecrets(valuesOf(execution.parameters)) };
}

function valuesOf(parameters: JobParameters): ReadonlyMap<string, Json> {
  return new Map([...parameters].map(([name, { value }]) => [name, value]));
}

export function instanceParameters({ id, parameters }: JobInstance): JsonObject[] {
  const masked = maskSecrets(valuesOf(parameters));
  const shown = new Map([...parameters].map(([name, each]) => [name, { ...each, value: masked[name] ?? null }]));
  return parameterTable(shown, id).map((row) =>
    isSecretName(row.key_name)
      ? { ...row, string_value: mask, date_value: null, long_value: null, double_value: null }
      : row,
  );
}

/**
 * The graph of a job with what has become of each step in an execution.
 * @param definition `null` when its file is gone: then there are the steps that ran, and no edges
 * @param tasks of a task list, in the order of its steps
 * @param owners by step execution, of what runs that was offered to other conductors
 */
export function graphFields(
  execution: JobExecution,
  definition: JobDefinition | null,
  steps: readonly StepExecution[],
  { tasks, owners }: { readonly tasks: readonly TaskState[]; readonly owners: ReadonlyMap<number, string> },
): JsonObject {
  const defined = definition?.steps.map((step) => ({ ...nodeFields(step), name: step.name })) ?? [];
  const names = new Set(defined.map(({ name }) => name));
  const others = steps.filter(({ stepName }) => !names.has(stepName)).map(({ stepName }) => stepName);
  const nodes = [...defined, ...[...new Set(others)].map((name) => ({ name, kind: null }))];
  const latest = new Map(steps.map((step) => [step.stepName, step]));
  return {
    job_execution_id: execution.id,
    job_name: execution.jobName,
    status: execution.status,
    nodes: nodes.map((node, index) => {
      const step = latest.get(node.name);
      return { ...node, ...stateFields(step), ...conductorFields(step, owners), task: taskFields(tasks[index]) };
    }),
    edges: definition === null ? [] : edgesOf(definition),
  };
}

/** `null` of a step that has not run in this execution. */
export function stateFields(step: StepExecution | undefined): JsonObject {
  return { status: step?.status ?? null, exit_code: step?.exitCode ?? null, step_execution_id: step?.id ?? null };
}

/** Who runs it, where that was offered to other conductors. */
export function conductorFields(step: StepExecution | undefined, owners: ReadonlyMap<number, string>): JsonObject {
  const conductor = step === undefined ? undefined : owners.get(step.id);
  return conductor === undefined ? {} : { conductor };
}

function taskFields(task: TaskState | undefined): JsonObject | null {
  return task === undefined ? null : { id: task.id, letter: task.letter };
}

export function plannedFields(planned: PlannedStep): JsonObject {
  const { stepName, action, why, checkpoint, conditional, overLimit } = planned;
  return { step_name: stepName, action, why, conditional, over_limit: overLimit, checkpoint };
}
