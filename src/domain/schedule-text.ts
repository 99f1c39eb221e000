import { formatOrNull } from './change-text.ts';
import { errorCodes } from './errors.ts';
import type { StateDocument, StateDocumentKey } from './execution-documents.ts';
import { isJsonObject, type JsonObject, stringifyJson } from './json.ts';
import { priorities } from './priority.ts';
import { catchups, type FiringOutcome, type HandledFiring, type Schedule } from './schedule.ts';
import { parseStoredObject, type StoredFields, storedFields } from './stored-fields.ts';
import { formatInstant } from './time.ts';

/** How schedules are stored and found. */

export const scheduleIndexes = {
  /** Of all, by name. */
  all: 'schedules',
  /** Of those that are not paused: `<next firing, naive UTC, six fraction digits> <name>`, so that a look costs what is due. */
  due: 'schedules:due',
} as const;

export function scheduleKey(name: string): StateDocumentKey {
  return { collection: 'schedule', id: name };
}

/** The name and the next firing's text of a member of `scheduleIndexes.due`. */
export function readDueMember(member: string): { readonly name: string; readonly firing: string } {
  const space = member.indexOf(' ');
  return { name: member.slice(space + 1), firing: member.slice(0, space) };
}

export function scheduleDocument(schedule: Schedule): StateDocument {
  const { name, next } = schedule;
  const due = next === null ? [] : [{ index: scheduleIndexes.due, member: `${formatInstant(next)} ${name}` }];
  return {
    ...scheduleKey(name),
    text: stringifyJson(scheduleFields(schedule)),
    members: [{ index: scheduleIndexes.all, member: name }, ...due],
  };
}

/** As it is stored and answered. */
export function scheduleFields(schedule: Schedule): JsonObject {
  const { last } = schedule;
  return {
    name: schedule.name,
    job: schedule.jobName,
    cron: schedule.cron,
    zone: schedule.zone,
    catchup: schedule.catchup,
    parameters: schedule.parameters,
    priority: schedule.priority ?? null,
    paused: schedule.isPaused,
    created_time: formatInstant(schedule.createdAt),
    created_by: schedule.createdBy,
    last: last === null ? null : handledFields(last),
    next: formatOrNull(schedule.next),
  };
}

function handledFields({ firing, at, leftOutSince, outcome }: HandledFiring): JsonObject {
  return {
    scheduled_for: formatInstant(firing),
    handled_time: formatInstant(at),
    left_out_since: formatOrNull(leftOutSince),
    outcome: outcome.kind,
    execution_id: outcome.kind === 'launched' ? outcome.executionId : null,
    code: outcome.kind === 'refused' ? outcome.code : null,
    detail: outcome.kind === 'refused' ? outcome.detail : null,
  };
}

/** @throws BatchyError `foreign-data` for text that is no schedule */
export function readSchedule(text: string): Schedule {
  const fields = storedFields(parseStoredObject(text, what), what);
  const parameters = fields.json('parameters');
  const last = fields.objectOrNull('last');
  return {
    name: fields.text('name'),
    jobName: fields.text('job'),
    cron: fields.text('cron'),
    zone: fields.text('zone'),
    catchup: fields.oneOf('catchup', catchups),
    parameters: isJsonObject(parameters) ? parameters : {},
    ...(hasText(fields, 'priority') ? { priority: fields.oneOf('priority', priorities) } : {}),
    isPaused: fields.flag('paused'),
    createdAt: fields.instant('created_time'),
    createdBy: fields.text('created_by'),
    last: last === null ? null : readHandled(last),
    next: fields.instantOrNull('next'),
  };
}

/** Schedules that were stored before there were priorities have none. */
function hasText(fields: StoredFields, name: string): boolean {
  return fields.has(name) && fields.textOrNull(name) !== null;
}

function readHandled(fields: StoredFields): HandledFiring {
  return {
    firing: fields.instant('scheduled_for'),
    at: fields.instant('handled_time'),
    leftOutSince: fields.instantOrNull('left_out_since'),
    outcome: readOutcome(fields),
  };
}

function readOutcome(fields: StoredFields): FiringOutcome {
  const kind = fields.oneOf('outcome', ['launched', 'refused', 'left-out']);
  if (kind === 'launched') return { kind, executionId: fields.count('execution_id') };
  if (kind === 'left-out') return { kind };
  return { kind, code: fields.oneOf('code', errorCodes), detail: fields.text('detail') };
}

/** What somebody has set: its ETag is made of it, so that no firing changes that. */
export function definitionText({ jobName, cron, zone, catchup, parameters, priority, isPaused }: Schedule): string {
  const named = priority === undefined ? [] : [priority];
  return stringifyJson([jobName, cron, zone, catchup, parameters, isPaused, ...named]);
}

const what = 'a schedule';
