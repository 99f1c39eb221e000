import type { JournalEntry } from '../domain/change.ts';
import { readCron } from '../domain/cron.ts';
import { BatchyError, type ErrorCode } from '../domain/errors.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { type DueFiring, dueFiring, type FiringOutcome, type Schedule } from '../domain/schedule.ts';
import { floorToMicrosecond, formatInstant, type Instant, parseInstant } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { StoredAnswer } from '../ports/store.ts';
import type { Beside, Commands } from './commands.ts';
import type { ExecutionRecords } from './execution-records.ts';
import type { Jobs } from './jobs.ts';
import { type KeptSchedule, scheduleChange, type ScheduleRecords } from './schedule-records.ts';

/** Launches what schedules say, when it is due. */
export interface Firings {
  /**
   * Handles what is due now, a bounded number of firings. Any number of processes may do so at once.
   * @returns after how many milliseconds it is worth looking again; `null`: nothing is scheduled
   * @throws BatchyError `store-unavailable` and others for which a firing could not be handled: it stays due. Those of other
   * schedules were handled.
   */
  fireDue(): Promise<number | null>;
}

export interface FiringsOptions {
  readonly schedules: ScheduleRecords;
  readonly records: Pick<ExecutionRecords, 'execution'>;
  readonly jobs: Pick<Jobs, 'launch'>;
  readonly commands: Pick<Commands, 'runBeside'>;
  readonly clock: Clock;
  /** Aborted when the service stops: what it then knows of jobs counts no more. */
  readonly stopping: AbortSignal;
}

/** Firings of one schedule that one look handles, and schedules that it looks at. */
const mostInARow = 20;
const mostSchedules = 1000;
const pageSize = 100;
/** In milliseconds. */
const secondLook = 1000;

export function createFirings({ schedules, records, jobs, commands, clock, stopping }: FiringsOptions): Firings {
  /** @returns whether there may be more of it to handle */
  async function handleOne(name: string): Promise<boolean> {
    const kept = await schedules.one(name);
    const now = await clock.now();
    if (kept === null || stopping.aborted) return false;
    const { value: schedule } = kept;
    const due = dueFiring(schedule, readCron(schedule.cron, schedule.zone), now);
    if (due === null || (await isHeld(schedule, due))) return false;
    try {
      if (due.isLaunched) await launch(kept, due);
      else await put(kept, due, { kind: 'left-out' });
    } catch (error) {
      // Somebody else handled it, or set the schedule anew.
      if (!(error instanceof ScheduleChanged)) throw error;
    }
    return true;
  }

  /** Of those that were missed, one runs at a time. */
  async function isHeld({ catchup, last }: Schedule, { isMissed }: DueFiring): Promise<boolean> {
    if (!isMissed || catchup !== 'all' || last?.outcome.kind !== 'launched') return false;
    const execution = await records.execution(last.outcome.executionId);
    return execution !== null && isLive(execution.value.status);
  }

  async function launch(kept: KeptSchedule, due: DueFiring): Promise<void> {
    const { name, jobName, parameters, priority } = kept.value;
    const urgency = priority === undefined ? {} : { priority };
    const caller = { name: callerName(name), idempotency: null };
    const firing = {
      at: due.firing,
      alongside: async ({ id, createdAt }: { readonly id: number; readonly createdAt: Instant }) =>
        handled(await unchanged(kept), due, { kind: 'launched', executionId: id }, createdAt),
    };
    try {
      const options = { body: parameters, force: false, supersede: false, urgency, firing };
      await jobs.launch(jobName, options, caller, () => nothing);
    } catch (error) {
      if (!(error instanceof BatchyError) || passing.has(error.code) || stopping.aborted) throw error;
      await put(kept, due, { kind: 'refused', code: error.code, detail: error.detail });
    }
  }

  async function put(kept: KeptSchedule, due: DueFiring, outcome: FiringOutcome): Promise<void> {
    const { name } = kept.value;
    await commands.runBeside(`schedule ${name}`, { name: callerName(name), idempotency: null }, async (now) => ({
      beside: handled(await unchanged(kept), due, outcome, floorToMicrosecond(now)),
      answer: nothing,
    }));
  }

  /** @throws ScheduleChanged where what is to be done was decided on what no longer is */
  async function unchanged(kept: KeptSchedule): Promise<KeptSchedule> {
    const found = await schedules.one(kept.value.name);
    if (found?.revision !== kept.revision) throw new ScheduleChanged();
    return found;
  }

  async function handleDue(): Promise<{ readonly failure: unknown; readonly isMore: boolean }> {
    const now = await clock.now();
    let failure: unknown = null;
    let isMore = false;
    let looked = 0;
    for (let beyond: string | null = null; looked < mostSchedules;) {
      const page = await schedules.due(now, beyond, pageSize);
      for (const name of page.names) {
        looked += 1;
        try {
          let more = true;
          for (let count = 0; more && count < mostInARow; count += 1) more = await handleOne(name);
          isMore ||= more;
        } catch (error) {
          // One that cannot be handled must not keep the others from it.
          failure ??= error;
        }
      }
      if (page.beyond === null) break;
      beyond = page.beyond;
    }
    return { failure, isMore };
  }

  return {
    async fireDue() {
      const { failure, isMore } = await handleDue();
      if (failure !== null) throw failure;
      if (isMore) return 0;
      const next = await schedules.nextDue();
      const instant = next === null ? null : parseInstant(next);
      if (instant === null) return null;
      const left = instant - (await clock.now());
      // What is due and was not handled waits for something else.
      if (left <= 0n) return secondLook;
      // Rounded up: a look that comes a moment early would find nothing to do.
      return Number(left / nanosecondsPerMillisecond) + 1;
    },
  };
}

const nanosecondsPerMillisecond = 1_000_000n;
const nothing: StoredAnswer = { status: 204, headers: {}, body: '' };

/** What says nothing about the launch: it is tried again. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'contention',
  'overloaded',
  'jobs-not-ready',
  'store-unavailable',
  'store-full',
  'newer-schema',
  'internal',
]);

class ScheduleChanged extends Error {
  override readonly name = 'ScheduleChanged';
}

/** As whom a schedule launches. */
function callerName(name: string): string {
  return `schedule ${name}`;
}

/** What is stored of a firing that is handled: with its launch where it has one. */
function handled(kept: KeptSchedule, due: DueFiring, outcome: FiringOutcome, at: Instant): Beside {
  const { firing, leftOutSince, next } = due;
  const after: Schedule = { ...kept.value, next, last: { firing, at, leftOutSince, outcome } };
  const reason = reasonOf(kept.value, due, outcome);
  const entry: JournalEntry = {
    type: 'firing-not-launched',
    workflow: null,
    at,
    by: callerName(kept.value.name),
    reason,
    batchId: null,
    jobs: [],
  };
  return { documents: [scheduleChange(kept, after)], journal: reason === null ? [] : [entry] };
}

/** Why firings were not launched; `null` where all were. */
function reasonOf({ jobName, catchup }: Schedule, due: DueFiring, outcome: FiringOutcome): string | null {
  const firing = formatInstant(due.firing);
  const since = due.leftOutSince === null ? null : formatInstant(due.leftOutSince);
  const missed = `no server was up in time, and its catchup is ${catchup}`;
  if (outcome.kind === 'left-out')
    return `job ${jobName}: ${since === null ? `the firing of ${firing} was` : `the firings from ${since} to ${firing} were`} left out: ${missed}`;
  const before = since === null ? [] : [`the firings from ${since} to before ${firing} were left out: ${missed}`];
  const refused =
    outcome.kind === 'refused' ? [`the firing of ${firing} was refused: ${outcome.code}: ${outcome.detail}`] : [];
  const reasons = [...before, ...refused];
  return reasons.length === 0 ? null : `job ${jobName}: ${reasons.join('; ')}`;
}
