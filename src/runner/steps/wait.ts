import { addressedJobs, type JobState } from '../../domain/job-state.ts';
import { quoteBriefly } from '../../domain/names.ts';
import { businessDate, jobReadiness } from '../../domain/readiness.ts';
import type { Instant } from '../../domain/time.ts';
import { decodeWorkflow } from '../../domain/workflow.ts';
import { renderTemplate, templateValues } from '../../domain/template.ts';
import type { WaitBody } from '../step-body.ts';
import type { StepRun } from './step-run.ts';

/** What another program writes into the shared database rings no bell, so that we look by ourselves, too. */
const lookAgainMilliseconds = 5000;

/**
 * Waits until the jobs of another workflow have succeeded on the day it is, each by its own time zone. The step's timeout ends
 * the waiting.
 * @throws Error when there is no such workflow, BatchyError `unknown-job`, `unreadable-parameter`
 */
export async function runWait(body: WaitBody, { ctx, tools }: StepRun): Promise<void> {
  const { reader, journal, timers } = tools;
  const name = renderTemplate(body.workflow, templateValues(ctx));
  let began: Instant | null = null;
  let told = '';
  let wake = (): void => {};
  const unsubscribe = journal.subscribe(() => wake());
  const aborted = (): void => wake();
  ctx.signal.addEventListener('abort', aborted);
  try {
    for (;;) {
      ctx.signal.throwIfAborted();
      // Armed before the look, so that no change slips between.
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const loaded = await reader.load(name);
      const workflow = decodeWorkflow(name, loaded);
      if (workflow === null) throw new Error(`There is no workflow ${quoteBriefly(name)} to wait for.`);
      began ??= loaded.now;
      const since = began;
      const missing = addressedJobs(workflow, body.jobs).flatMap((job) => whyNot(job, [since, loaded.now]));
      if (missing.length === 0) return;
      const why = missing.join('; ');
      if (why !== told) ctx.logger.info(`waiting for ${name}: ${why}`);
      told = why;
      const cancel = timers.after(lookAgainMilliseconds, () => wake());
      if (ctx.signal.aborted) wake();
      await woken;
      cancel();
    }
  } finally {
    ctx.signal.removeEventListener('abort', aborted);
    unsubscribe();
  }
}

/** A success of the day on which the waiting began counts after midnight, too. */
function whyNot(state: JobState, instants: readonly Instant[]): string[] {
  const timezone = state.special.timezone;
  const looks = instants.map((instant) => {
    const day = { timezone, beginsAtMinute: 0 };
    return jobReadiness(state, { ...day, date: businessDate(instant, day) });
  });
  return looks.some(({ ready }) => ready) ? [] : [`${quoteBriefly(state.job)}: ${looks.at(-1)?.why ?? 'not ready'}`];
}
