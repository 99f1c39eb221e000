import { formatOrNull } from './change-text.ts';
import {
  batchStatuses,
  type FlowStep,
  type JobExecution,
  type JobInstance,
  type JobParameter,
  type JobParameters,
  type OwnedBatch,
  type StepExecution,
} from './execution.ts';
import { decodeTask, encodeTask } from './flow-text.ts';
import { parameterTypes } from './job.ts';
import { type Json, type JsonObject, stringifyJson } from './json.ts';
import { priorities } from './priority.ts';
import { replayOf } from './replay.ts';
import { parseStoredObject, type StoredFields, storedFields } from './stored-fields.ts';
import { formatInstant } from './time.ts';

/**
 * How instances, executions and steps are stored and answered: JSON in snake_case, times to the microsecond. What
 * is stored is what is answered and, beside it, what only a restart needs (parameters, checkpoint). Fields that are not known
 * are ignored when read, so that a newer version may add some.
 *
 * Each `decode…` throws BatchyError `foreign-data` for text that its `encode…` did not write.
 */

export function instanceFields(instance: JobInstance): JsonObject {
  return {
    id: instance.id,
    job_name: instance.jobName,
    job_key: instance.key,
    create_time: formatInstant(instance.createdAt),
    last_execution_id: instance.lastExecutionId,
  };
}

export function encodeInstance(instance: JobInstance): string {
  return stringifyJson({
    ...instanceFields(instance),
    ...(instance.lastReplayId === undefined ? {} : { last_replay_id: instance.lastReplayId }),
    parameters: parameterList(instance.parameters),
    steps: [...instance.steps].map(([name, step]) => ({
      step_name: name,
      step_execution_id: step.stepExecutionId,
      job_execution_id: step.executionId,
      status: step.status,
      starts: step.starts,
    })),
  });
}

export function decodeInstance(text: string): JobInstance {
  const fields = fieldsOf(text, 'a job instance');
  return {
    id: fields.count('id'),
    jobName: fields.text('job_name'),
    key: fields.text('job_key'),
    createdAt: fields.instant('create_time'),
    lastExecutionId: fields.countOrNull('last_execution_id'),
    ...(fields.has('last_replay_id') ? { lastReplayId: fields.count('last_replay_id') } : {}),
    parameters: readParameterList(fields),
    steps: new Map(
      fields.objects('steps').map((step) => [
        step.text('step_name'),
        {
          stepExecutionId: step.count('step_execution_id'),
          executionId: step.count('job_execution_id'),
          status: step.oneOf('status', batchStatuses),
          starts: step.count('starts'),
        },
      ]),
    ),
  };
}

/** Without its parameters, which may hold secrets: whoever answers them masks them. */
export function executionFields(execution: JobExecution): JsonObject {
  return {
    id: execution.id,
    job_instance_id: execution.instanceId,
    job_name: execution.jobName,
    status: execution.status,
    create_time: formatInstant(execution.createdAt),
    start_time: formatOrNull(execution.startedAt),
    end_time: formatOrNull(execution.endedAt),
    last_updated: formatInstant(execution.updatedAt),
    exit_code: execution.exitCode,
    exit_message: execution.exitMessage,
    forced: execution.forced,
    ...(execution.deselected === undefined ? {} : { deselected: execution.deselected }),
    replay: replayFieldsOf(execution.parameters),
    batch: execution.batch === null ? null : batchFields(execution.batch),
    launched_by: execution.launchedBy,
    takeovers: execution.takeovers,
    stop_requested_by: execution.stopRequestedBy,
    ...(execution.queue === undefined ? {} : { queue: execution.queue }),
    ...(execution.priority === undefined ? {} : { priority: execution.priority }),
    ...(execution.notBefore === undefined ? {} : { not_before: formatInstant(execution.notBefore) }),
  };
}

/** Of which execution and step it runs what was left out; told by its parameters, and not read back. */
function replayFieldsOf(parameters: JobParameters): JsonObject | null {
  const replay = replayOf(parameters);
  return replay === null ? null : { job_execution_id: replay.executionId, step_name: replay.stepName };
}

function batchFields(batch: OwnedBatch): JsonObject {
  return {
    workflow: batch.workflow,
    jobs: batch.jobs,
    batch_id: batch.batchId,
    backfill: batch.backfill,
    from_date: formatInstant(batch.from),
    to_date: formatInstant(batch.until),
  };
}

export function encodeExecution(execution: JobExecution): string {
  const { previousId, parameters, revived } = execution;
  return stringifyJson({
    ...executionFields(execution),
    ...(previousId === undefined ? {} : { previous_execution_id: previousId }),
    ...(revived === undefined ? {} : { revived }),
    parameters: parameterList(parameters),
  });
}

export function decodeExecution(text: string): JobExecution {
  const fields = fieldsOf(text, 'a job execution');
  const batch = fields.objectOrNull('batch');
  return {
    id: fields.count('id'),
    instanceId: fields.count('job_instance_id'),
    jobName: fields.text('job_name'),
    status: fields.oneOf('status', batchStatuses),
    exitCode: fields.text('exit_code'),
    exitMessage: fields.text('exit_message'),
    createdAt: fields.instant('create_time'),
    startedAt: fields.instantOrNull('start_time'),
    endedAt: fields.instantOrNull('end_time'),
    updatedAt: fields.instant('last_updated'),
    parameters: readParameterList(fields),
    forced: fields.flag('forced'),
    ...(fields.has('deselected') ? { deselected: fields.textsOrNull('deselected') ?? [] } : {}),
    batch: batch === null ? null : readBatch(batch),
    launchedBy: fields.text('launched_by'),
    takeovers: fields.count('takeovers'),
    stopRequestedBy: fields.textOrNull('stop_requested_by'),
    ...(fields.has('revived') ? { revived: fields.counts('revived') } : {}),
    ...(fields.has('previous_execution_id') ? { previousId: fields.count('previous_execution_id') } : {}),
    ...(fields.has('queue') ? { queue: fields.text('queue') } : {}),
    ...(fields.has('priority') ? { priority: fields.oneOf('priority', priorities) } : {}),
    ...(fields.has('not_before') ? { notBefore: fields.instant('not_before') } : {}),
  };
}

function readBatch(fields: StoredFields): OwnedBatch {
  return {
    workflow: fields.text('workflow'),
    jobs: fields.textsOrNull('jobs'),
    batchId: fields.count('batch_id'),
    backfill: fields.flag('backfill'),
    from: fields.instant('from_date'),
    until: fields.instant('to_date'),
  };
}

/** `skip_count` is the sum of the three kinds of skips. The checkpoint, which may be large, is not in it. */
export function stepFields(step: StepExecution): JsonObject {
  const { counters } = step;
  return {
    id: step.id,
    job_execution_id: step.executionId,
    job_instance_id: step.instanceId,
    step_name: step.stepName,
    status: step.status,
    start_time: formatInstant(step.startedAt),
    end_time: formatOrNull(step.endedAt),
    exit_code: step.exitCode,
    exit_message: step.exitMessage,
    retry_count: counters.retry,
    read_count: counters.read,
    write_count: counters.write,
    filter_count: counters.filter,
    commit_count: counters.commit,
    rollback_count: counters.rollback,
    skip_count: counters.readSkip + counters.processSkip + counters.writeSkip,
    read_skip_count: counters.readSkip,
    process_skip_count: counters.processSkip,
    write_skip_count: counters.writeSkip,
    ...(step.flow === undefined ? {} : { phase: step.flow.phase, task_state: step.flow.task?.status ?? 'PENDING' }),
  };
}

export function encodeStep(step: StepExecution): string {
  const task = step.flow?.task ?? null;
  return stringifyJson({
    ...stepFields(step),
    ...(task === null ? {} : { task: encodeTask(task) }),
    checkpoint: step.checkpoint,
  });
}

export function decodeStep(text: string): StepExecution {
  const fields = fieldsOf(text, 'a step execution');
  return {
    id: fields.count('id'),
    executionId: fields.count('job_execution_id'),
    instanceId: fields.count('job_instance_id'),
    stepName: fields.text('step_name'),
    status: fields.oneOf('status', batchStatuses),
    exitCode: fields.text('exit_code'),
    exitMessage: fields.text('exit_message'),
    startedAt: fields.instant('start_time'),
    endedAt: fields.instantOrNull('end_time'),
    counters: {
      read: fields.count('read_count'),
      write: fields.count('write_count'),
      filter: fields.count('filter_count'),
      commit: fields.count('commit_count'),
      rollback: fields.count('rollback_count'),
      readSkip: fields.count('read_skip_count'),
      processSkip: fields.count('process_skip_count'),
      writeSkip: fields.count('write_skip_count'),
      retry: fields.count('retry_count'),
    },
    checkpoint: fields.json('checkpoint'),
    ...(fields.has('phase') ? { flow: readFlowStep(fields) } : {}),
  };
}

function readFlowStep(fields: StoredFields): FlowStep {
  const task = fields.has('task') ? fields.objectOrNull('task') : null;
  return { phase: fields.oneOf('phase', ['execute', 'revert']), task: task === null ? null : decodeTask(task) };
}

/** What the steps of an execution share, by key. Keys that are whole numbers come first, as in any object. */
export function contextFields(context: ReadonlyMap<string, Json>): JsonObject {
  return Object.fromEntries(context);
}

export function encodeContext(context: ReadonlyMap<string, Json>): string {
  return stringifyJson(contextFields(context));
}

export function decodeContext(text: string): Map<string, Json> {
  return new Map(Object.entries(parseStoredObject(text, 'the context of an execution')));
}

function fieldsOf(text: string, what: string): StoredFields {
  return storedFields(parseStoredObject(text, what), what);
}

/** A list, so that the order in which they were given is kept. */
function parameterList(parameters: JobParameters): JsonObject[] {
  return [...parameters].map(([name, { type, value, identifying }]) => ({ name, type, value, identifying }));
}

function readParameterList(fields: StoredFields): JobParameters {
  return new Map(
    fields.objects('parameters').map((parameter): [string, JobParameter] => [
      parameter.text('name'),
      {
        type: parameter.oneOf('type', parameterTypes),
        value: parameter.json('value'),
        identifying: parameter.flag('identifying'),
      },
    ]),
  );
}
