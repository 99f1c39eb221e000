import { createHash } from 'node:crypto';

import type { JournalEntry } from '../domain/change.ts';
import { type Cron, readCron } from '../domain/cron.ts';
import { BatchyError } from '../domain/errors.ts';
import { quoteBriefly } from '../domain/names.ts';
import {
  firingParameter,
  nextFirings,
  pauseSchedule,
  resumeSchedule,
  type Schedule,
  type ScheduleDefinition,
  setSchedule,
} from '../domain/schedule.ts';
import { definitionText } from '../domain/schedule-text.ts';
import { floorToMicrosecond, type Instant } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { StoredAnswer } from '../ports/store.ts';
import type { Answered, BesideDecision, Caller, Commands } from './commands.ts';
import type { Jobs } from './jobs.ts';
import { type KeptSchedule, scheduleChange, type ScheduleRecords, scheduleRemoval } from './schedule-records.ts';

export interface ShownSchedule {
  readonly schedule: Schedule;
  /** Of what was set: no firing changes it. */
  readonly etag: string;
  /** The firings that come next. */
  readonly upcoming: readonly Instant[];
}

type Render = (shown: ShownSchedule) => StoredAnswer;

/** The use cases of schedules, apart from what they launch. */
export interface Schedules {
  /** By name. */
  list(): Promise<Schedule[]>;
  /** @throws BatchyError `unknown-schedule` */
  get(name: string): Promise<ShownSchedule>;
  /**
   * Makes a schedule, or sets one that there is anew.
   * @param ifMatch the ETag of the one that is meant, or `null`: whatever is there
   * @throws BatchyError `invalid-schedule`, `precondition-failed`, `unknown-job-definition`, `invalid-parameters`
   */
  set(
    name: string,
    definition: ScheduleDefinition,
    ifMatch: string | null,
    caller: Caller,
    render: Render,
  ): Promise<Answered>;
  /** @throws BatchyError `unknown-schedule` */
  remove(name: string, caller: Caller, render: () => StoredAnswer): Promise<Answered>;
  /** Until it is resumed nothing is launched. @throws BatchyError `unknown-schedule` */
  pause(name: string, caller: Caller, render: Render): Promise<Answered>;
  /** Launches again what comes from now on. @throws BatchyError `unknown-schedule` */
  resume(name: string, caller: Caller, render: Render): Promise<Answered>;
}

export interface SchedulesOptions {
  readonly schedules: ScheduleRecords;
  readonly jobs: Pick<Jobs, 'checkFiring'>;
  readonly commands: Pick<Commands, 'runBeside'>;
  readonly clock: Clock;
}

/** Firings that are shown of a schedule. */
const shownFirings = 5;
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

export function createSchedules({ schedules, jobs, commands, clock }: SchedulesOptions): Schedules {
  /** @param next `null` where nothing changes */
  async function change(
    name: string,
    caller: Caller,
    decide: (
      kept: KeptSchedule,
      cron: Cron,
      now: Instant,
    ) => { readonly next: Schedule; readonly reason: string } | null,
    render: Render,
  ): Promise<Answered> {
    return commands.runBeside(turnOf(name), caller, async (at) => {
      const kept = await existing(name);
      const now = floorToMicrosecond(at);
      const decided = decide(kept, readCron(kept.value.cron, kept.value.zone), now);
      if (decided === null) return { beside: null, answer: render(shown(kept.value)) };
      return stored(kept, decided.next, entry(now, caller, decided.reason), render);
    });
  }

  async function existing(name: string): Promise<KeptSchedule> {
    const kept = namePattern.test(name) ? await schedules.one(name) : null;
    if (kept !== null) return kept;
    throw new BatchyError(
      'unknown-schedule',
      `There is no schedule ${quoteBriefly(name)}. GET /schedules lists those that there are.`,
    );
  }

  return {
    list: () => schedules.all(),
    get: async (name) => shown((await existing(name)).value),

    async set(name, definition, ifMatch, caller, render) {
      checkName(name);
      const cron = readCron(definition.cron, definition.zone);
      if (Object.hasOwn(definition.parameters, firingParameter))
        throw refused('/parameters', `${firingParameter} is given by the firing; leave it out`);
      await jobs.checkFiring(definition.jobName, definition.parameters, await clock.now());
      return commands.runBeside(turnOf(name), caller, async (at) => {
        const kept = await schedules.one(name);
        if (ifMatch !== null) checkMatch(name, ifMatch, kept);
        const now = floorToMicrosecond(at);
        const next = setSchedule(kept?.value ?? null, name, definition, { cron, now, by: caller.name });
        const what = `launches job ${definition.jobName} at ${definition.cron} (${definition.zone}), catchup ${definition.catchup}`;
        const reason = `schedule ${name} was ${kept === null ? 'made' : 'set'}: ${what}`;
        return stored(kept, next, entry(now, caller, reason), render);
      });
    },

    remove: (name, caller, render) =>
      commands.runBeside(turnOf(name), caller, async (at) => {
        const kept = await existing(name);
        const journal = [entry(floorToMicrosecond(at), caller, `schedule ${name} was removed`)];
        return { beside: { documents: [scheduleRemoval(kept)], journal }, answer: render() };
      }),

    pause: (name, caller, render) =>
      change(
        name,
        caller,
        ({ value }) => (value.isPaused ? null : { next: pauseSchedule(value), reason: `schedule ${name} was paused` }),
        render,
      ),

    resume: (name, caller, render) =>
      change(
        name,
        caller,
        ({ value }, cron, now) =>
          value.isPaused ? { next: resumeSchedule(value, cron, now), reason: `schedule ${name} was resumed` } : null,
        render,
      ),
  };
}

function stored(kept: KeptSchedule | null, next: Schedule, journal: JournalEntry, render: Render): BesideDecision {
  return { beside: { documents: [scheduleChange(kept, next)], journal: [journal] }, answer: render(shown(next)) };
}

function shown(schedule: Schedule): ShownSchedule {
  const cron = readCron(schedule.cron, schedule.zone);
  return { schedule, etag: etagOf(schedule), upcoming: nextFirings(schedule, cron, shownFirings) };
}

/** Holds a space, so that it is no workflow's. */
function turnOf(name: string): string {
  return `schedule ${name}`;
}

function entry(at: Instant, caller: Caller, reason: string): JournalEntry {
  return { type: 'schedule-changed', workflow: null, at, by: caller.name, reason, batchId: null, jobs: [] };
}

function checkName(name: string): void {
  if (namePattern.test(name)) return;
  const detail = "use 1 to 100 letters, digits, '_', '.' or '-', beginning with a letter, a digit or '_'";
  throw new BatchyError('invalid-schedule', `${quoteBriefly(name)} is no name of a schedule: ${detail}.`);
}

function refused(pointer: string, detail: string): BatchyError {
  return new BatchyError('invalid-schedule', `The schedule cannot be used: ${detail}. Nothing was changed.`, {
    places: [{ pointer, detail }],
  });
}

function etagOf(schedule: Schedule): string {
  return `"${createHash('sha256').update(definitionText(schedule)).digest('base64url').slice(0, 27)}"`;
}

function checkMatch(name: string, ifMatch: string, kept: KeptSchedule | null): void {
  const etag = kept === null ? null : etagOf(kept.value);
  if (etag !== null && ifMatch.split(',').some((candidate) => ['*', etag].includes(candidate.trim()))) return;
  throw new BatchyError(
    'precondition-failed',
    `Schedule ${quoteBriefly(name)} ${etag === null ? 'is no more' : 'has been set anew'} since you read it. Read GET /schedules/${name} again, look at the change, and repeat with the new ETag.`,
  );
}
