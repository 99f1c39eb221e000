import { readCron } from '../domain/cron.ts';
import { formatInstant, type Instant, nanosecondsPerSecond } from '../domain/time.ts';
import type { Stores } from '../ports/stores.ts';
import { createScheduleRecords } from './schedule-records.ts';

/** Clocks that are set right by less than that leave out no firing for long. */
const most = 60n * nanosecondsPerSecond;

/**
 * Schedules whose last firing was handled, or that were made, at a time that is still to come: the store's clock was ahead then, and they launch
 * nothing until it has come by. What to do, by schedule.
 * @throws BatchyError `store-unavailable`
 */
export async function schedulesAhead({
  documents,
  clock,
}: Pick<Stores, 'documents' | 'clock'>): Promise<ReadonlyMap<string, string>> {
  const schedules = await createScheduleRecords(documents).all();
  const now = await clock.now();
  return new Map(
    schedules.flatMap(({ name, cron, zone, createdAt, last, next }) => {
      const set = last === null || createdAt > last.at ? createdAt : last.at;
      if (next === null || set <= now + most) return [];
      const due = readCron(cron, zone).next(now);
      return due === null || next <= due ? [] : [[`schedule ${name}`, warningOf(name, set, next)] as const];
    }),
  );
}

function warningOf(name: string, set: Instant, next: Instant): string {
  return `Schedule ${name} launches nothing before ${formatInstant(next)}: the store's clock showed ${formatInstant(set)} when that was decided, which is still to come. Where that clock was wrong: batchy schedules pause ${name}, then batchy schedules resume ${name}; it goes on from now.`;
}
