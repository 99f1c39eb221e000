import type { WorkflowChange } from './change.ts';
import { readSpecialParameters } from './special-parameters.ts';
import { floorToMicrosecond, type Instant } from './time.ts';
import { batchInHead, type JobState, jobState, journalWindow } from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import { isAhead } from './watermark.ts';
import type { JobLedger, Workflow } from './workflow.ts';

/** Jobs whose stored start lies ahead of the clock and that are not marked yet, or marked with an instant that is ahead, too: the clock went back again. */
function jobsAhead(workflow: Workflow, now: Instant): string[] {
  return [...workflow.jobs].flatMap(([job, parameters]) => {
    const special = readSpecialParameters(parameters);
    if ('problems' in special || !isAhead(special.batchStart, now)) return [];
    const noticed = workflow.ledger.jobs.get(job)?.skewNoticedAt ?? null;
    return noticed === null || noticed > now ? [job] : [];
  });
}

/**
 * Marks the jobs whose start lies ahead of the clock with the instant at which it was noticed. The mark outlives the skew:
 * once the clock has caught up nothing else would tell that the window's end was wrong, and data would be skipped.
 * @returns `null` where there is nothing to mark
 */
export function noticeClockSkew(workflow: Workflow, now: Instant): WorkflowChange | null {
  const ahead = jobsAhead(workflow, now);
  if (ahead.length === 0) return null;
  const at = floorToMicrosecond(now);
  const states: JobState[] = ahead.map((job) => jobState(workflow, job));
  return changeWorkflow(workflow, {
    known: new Map(
      states.map((state): [string, JobLedger] => [
        state.job,
        { batch: batchInHead(state) ?? state.ledger.batch, skewNoticedAt: at },
      ]),
    ),
    journal: [
      {
        type: 'clock-skew-noticed',
        workflow: workflow.name,
        at,
        by: 'batchy',
        reason: 'a stored batch_start lies ahead of the clock',
        batchId: null,
        jobs: states.map((state) => ({ job: state.job, before: journalWindow(state), after: journalWindow(state) })),
      },
    ],
  });
}
