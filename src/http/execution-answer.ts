import type { JobExecution } from '../domain/execution.ts';
import type { StoredAnswer } from '../service/commands.ts';
import { jsonAnswer } from './answer.ts';

/** What a launch, and so a restart, may be refused with. */
export const launchProblems = [
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
  const { id, instanceId, jobName, status } = execution;
  const body = {
    message: `${jobName} ${what}: execution ${id} is ${status}`,
    job_name: jobName,
    execution_id: id,
    job_instance_id: instanceId,
    status,
  };
  return jsonAnswer(JSON.stringify(body), 202, { location: `/executions/${id}` });
}

/** Of an answer that `commandAnswer` made, maybe long ago. */
export function executionIdOf(answer: StoredAnswer): number {
  return (JSON.parse(answer.body) as { execution_id: number }).execution_id;
}
