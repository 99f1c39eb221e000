import { HandedBack, StopRequested } from './abort-reasons.ts';
import type { ExecutionSession } from './execution-session.ts';
import { limitTime } from './execution-timeout.ts';
import type { RunnableJob } from './job.ts';
import type { EngineTools, RunningExecution } from './running-execution.ts';

/** Ties together all that may end the steps of an execution. */
export function guardExecution(session: ExecutionSession, job: RunnableJob, tools: EngineTools, handBack: AbortSignal) {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  let hindrance: unknown;
  const abort = (reason: unknown): void => controller.abort(reason);
  const hinder = (reason: unknown): void => {
    hindrance ??= reason;
    abort(reason);
  };
  const on = (signal: AbortSignal, call: () => void): void => {
    if (signal.aborted) return call();
    signal.addEventListener('abort', call);
    releases.push(() => signal.removeEventListener('abort', call));
  };
  on(session.lost, () => hinder(session.lost.reason));
  let held = 0;
  let isLeaving = false;
  let cancelPatience = (): void => {};
  const leave = (): void => hinder(new HandedBack());
  on(handBack, () => {
    isLeaving = true;
    const { finishMilliseconds = 0 } = tools;
    if (held === 0 || finishMilliseconds === 0) leave();
    else cancelPatience = tools.timers.after(finishMilliseconds, leave);
  });
  on(session.stopRequested, () => abort(new StopRequested()));
  let cancel = (): void => {};
  const sharing = tools.parts?.share(session, job.definition) ?? null;
  const running: RunningExecution = {
    session,
    job,
    tools,
    sharing,
    aborted: controller.signal,
    cannotGoOn: () => hindrance,
    goAhead: (decide) => session.goAhead(decide),
    commit: (decide) =>
      (decide === undefined ? session.commitAfterAhead() : session.commitAfterAhead(decide)).catch((error: unknown) => {
        hinder(error);
        throw error;
      }),
    isAhead: () => session.isAhead(),
    isLeaving: () => isLeaving,
    holdOn() {
      let isHeld = true;
      held += 1;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        held -= 1;
        if (isLeaving && held === 0) leave();
      };
    },
  };
  return {
    running,
    async limitTime(): Promise<void> {
      const by = { clock: tools.stores.clock, timers: tools.timers, abort };
      cancel = await session.patiently(() => limitTime(job.definition, session.state.execution, by));
    },
    release: () => {
      for (const release of releases) release();
      sharing?.end();
      cancel();
      cancelPatience();
    },
  };
}
