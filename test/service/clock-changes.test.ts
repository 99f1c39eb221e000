import { expect, it, onTestFinished } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { Json } from '../../src/domain/json.ts';
import { formatInstant, instantFromMilliseconds } from '../../src/domain/time.ts';
import { createServiceOperations } from '../model/service-operations.ts';

const halfHour = 1_800_000;
const hour = 2 * halfHour;
/** The years whose changes are looked at, and the day before and after. */
const [begin, end] = [Date.UTC(2023, 11, 31), Date.UTC(2031, 0, 2)];

/** When the clocks of a zone change, by Node's own tables; in milliseconds. All are at a full or half hour. */
function changesOf(zone: string): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  const offset = (at: number): string | undefined =>
    format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value;
  const changes: number[] = [];
  for (let day = begin; day < end; day += 24 * hour) {
    if (offset(day) === offset(day + 24 * hour)) continue;
    for (let at = day; at < day + 24 * hour; at += halfHour)
      if (offset(at) !== offset(at + halfHour)) changes.push(at + halfHour);
  }
  return changes;
}

/** Slow and plain: the earliest of the half hours before that bears the same date. */
function firstOfDay(milliseconds: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
  let earliest = milliseconds;
  for (let at = Math.floor(milliseconds / halfHour) * halfHour; at > milliseconds - 50 * hour; at -= halfHour)
    if (format.format(at) === format.format(milliseconds)) earliest = at;
  return earliest;
}

const textOf = (milliseconds: number): string => formatInstant(instantFromMilliseconds(milliseconds));
const aroundTheChange = [-26 * hour, -hour, -1, 0, 1, halfHour, hour, 3 * hour, 23 * hour];

it.each([
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Havana',
  'America/New_York',
  'America/Santiago',
  'America/St_Johns',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Europe/Berlin',
])('%s: windows begin where they should around every change of its clocks from 2024 to 2030', async (zone) => {
  const changes = changesOf(zone);
  expect(changes).not.toEqual([]);
  const reprocessed = 1.5;
  const jobs = new Map<string, ReadonlyMap<string, Json>>();
  const expected = new Map<string, string>();
  for (const change of changes) {
    for (const offset of aroundTheChange) {
      const started = change + offset;
      const succeeded = { status: 'success', batch_start: textOf(started), reprocess_hours: reprocessed };
      const lowered = started - reprocessed * hour;
      for (const truncates of [true, false]) {
        const job = `${textOf(started)}${truncates ? ' whole days' : ''}`;
        const special = { ...succeeded, ...(truncates ? { trunc_start: true, timezone: zone } : {}) };
        jobs.set(job, new Map(Object.entries(special)));
        expected.set(job, textOf(truncates ? firstOfDay(lowered, zone) : lowered));
      }
    }
  }
  const clock = { now: instantFromMilliseconds(Date.UTC(2031, 5, 1)) };
  const operations = await createServiceOperations({
    clock,
    livesFor: 1000,
    reopen: (given) => createMemoryStores({ clock: given }),
    writeHead: null,
  });
  onTestFinished(() => operations.close());
  expect(await operations.load({ jobs, mode: 'replace', force: false })).toEqual({ ok: true, value: null });
  const opened = await operations.open({ jobs: null, ifOpen: 'reopen', force: false });
  const begins = opened.ok ? [...opened.value.jobs].map(([job, map]) => [job, map.get('from_date')]) : opened.code;
  expect(new Map(begins as [string, string][])).toEqual(expected);
});
