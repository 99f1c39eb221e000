import {
  documentChange,
  type DocumentChange,
  documentRemoval,
  type ReadDocument,
} from '../domain/execution-documents.ts';
import type { Schedule } from '../domain/schedule.ts';
import {
  readDueMember,
  readSchedule,
  scheduleDocument,
  scheduleIndexes,
  scheduleKey,
} from '../domain/schedule-text.ts';
import { formatInstant, type Instant } from '../domain/time.ts';
import type { DocumentReader } from '../ports/document-reader.ts';

/** A schedule as it was read, with what a change of it must be compared with. */
export interface KeptSchedule extends ReadDocument {
  readonly value: Schedule;
}

/** Reads schedules from the store. */
export interface ScheduleRecords {
  one(name: string): Promise<KeptSchedule | null>;
  /** By name. */
  all(): Promise<Schedule[]>;
  /** Names of those of which a firing is due, the oldest firing first: at most `limit`, from behind a place on. */
  due(now: Instant, beyond: string | null, limit: number): Promise<DuePage>;
  /** When the next firing of all is due, or `null`. */
  nextDue(): Promise<string | null>;
}

export interface DuePage {
  readonly names: readonly string[];
  /** Behind what the next page begins; `null`: there is none. */
  readonly beyond: string | null;
}

const pageSize = 200;

export function createScheduleRecords(documents: DocumentReader): ScheduleRecords {
  const scan = (index: string, beyond: string | null, limit: number): Promise<string[]> =>
    documents.scan({ index, prefix: '', direction: 'ascending', beyond, limit });
  return {
    async one(name) {
      const [found = null] = await documents.get([scheduleKey(name)]);
      if (found === null) return null;
      const value = readSchedule(found.text);
      return { value, revision: found.revision, members: scheduleDocument(value).members };
    },

    async all() {
      const schedules: Schedule[] = [];
      for (let beyond: string | null = null; ;) {
        const names: string[] = await scan(scheduleIndexes.all, beyond, pageSize);
        // One that was removed in this very moment is left out.
        for (const found of await documents.get(names.map(scheduleKey)))
          if (found !== null) schedules.push(readSchedule(found.text));
        if (names.length < pageSize) return schedules;
        beyond = names.at(-1) ?? null;
      }
    },

    async due(now, beyond, limit) {
      const members = await scan(scheduleIndexes.due, beyond, limit);
      const latest = formatInstant(now);
      const due = members.filter((member) => readDueMember(member).firing <= latest);
      return {
        names: due.map((member) => readDueMember(member).name),
        beyond: due.length === limit ? (due.at(-1) ?? null) : null,
      };
    },

    async nextDue() {
      const [member] = await scan(scheduleIndexes.due, null, 1);
      return member === undefined ? null : readDueMember(member).firing;
    },
  };
}

/** @param before what was read, or `null` for a new one */
export function scheduleChange(before: KeptSchedule | null, after: Schedule): DocumentChange {
  return documentChange(before, scheduleDocument(after));
}

export function scheduleRemoval(before: KeptSchedule): DocumentChange {
  return documentRemoval({ ...scheduleKey(before.value.name), revision: before.revision, members: before.members });
}
