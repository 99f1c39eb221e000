import type { JobExecution } from '../domain/execution.ts';
import type { StoredAnswer } from '../service/commands.ts';
import type { ReplaySummary } from '../service/replays.ts';
import { jsonAnswer } from './answer.ts';

/** What a launch, and so a restart, may be refused with. */
export const launchProblems = [
  'jobs-not-ready',
  'invalid-parameters',
  'invalid-job',
  'invalid-name',
  'already-running',
  'not-recovered',
  'already-complete',
  'abandoned',
  'not-restartable',
  'start-limit',
  'too-many-running',
  'window-superseded',
  'unknown-workflow',
  'unknown-job',
  'foreign-data',
  'unreadable-parameter',
  'batch-open',
  'owned',
  'empty-window',
  'clock-skew',
] as const;

/** Answer of what changes an execution: which one, and how it stands now. @param what such as `was launched` */
export function commandAnswer(execution: JobExecution, what: string): StoredAnswer {
  return accepted(execution, what, {});
}

/** Answer of a replay: what it runs, and what it does not. */
export function replayAnswer(execution: JobExecution, { replay, items, leftOut }: ReplaySummary): StoredAnswer {
  const { count, reasons } = leftOut;
  const what = `replays ${items} ${items === 1 ? 'item' : 'items'} that step ${replay.stepName} of execution ${replay.executionId} left out`;
  const others = count === 0 ? '' : `; ${count} cannot be replayed: ${reasons.join('; ')}`;
  return accepted(execution, what, { items, left_out: { count, reasons } }, others);
}

/** The answer of a replay, with how it stands now. */
export function replayedAnswer(execution: JobExecution, answer: StoredAnswer): StoredAnswer {
  const before = JSON.parse(answer.body) as { message: string; status: string };
  const message = before.message.replace(`is ${before.status}`, `is ${execution.status}`);
  return { ...answer, body: JSON.stringify({ ...before, message, status: execution.status }) };
}

function accepted(execution: JobExecution, what: string, more: object, others = ''): StoredAnswer {
  const { id, instanceId, jobName, status } = execution;
  const body = {
    message: `${jobName} ${what}: execution ${id} is ${status}${others}`,
    job_name: jobName,
    execution_id: id,
    job_instance_id: instanceId,
    status,
    ...more,
  };
  return jsonAnswer(JSON.stringify(body), 202, { location: `/executions/${id}` });
}

/** Of an answer to a launch or a replay, maybe of long ago. */
export function executionIdOf(answer: StoredAnswer): number {
  return (JSON.parse(answer.body) as { execution_id: number }).execution_id;
}
