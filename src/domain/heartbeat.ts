import type { StateDocument, StateDocumentKey } from './execution-documents.ts';
import { type JsonObject, stringifyJson } from './json.ts';
import { parseStoredObject, type StoredFields, storedFields } from './stored-fields.ts';
import { formatInstant, type Instant } from './time.ts';

/**
 * A conductor's sign of life: a document whose revision grows as long as it lives. Whoever wants to know watches whether it
 * grows, by a clock of its own; the time in it is for people.
 */
export interface Heartbeat {
  readonly conductor: string;
  /** By the store's clock. */
  readonly at: Instant;
  /** What it tells of itself; absent in the sign of an older version. */
  readonly about?: ConductorAbout;
  /** Why it will grow no more, told by whoever saw the process end: `ended with exit code 7`. */
  readonly endedBecause?: string;
  /** The execution whose code ended it, where that is known: the others that ran there can do nothing for it. */
  readonly endedBy?: number;
}

/** What a conductor tells of itself, for people. */
export interface ConductorAbout {
  /** The name of its machine. */
  readonly host: string;
  readonly processId: number;
  /** Whether it runs beside a server, or by itself. */
  readonly role: ConductorRole;
  /** Executions that it runs at a time. */
  readonly concurrency: number;
  /** What it may have of what jobs need. */
  readonly capabilities: readonly string[];
  /** The queues whose executions alone it runs; absent: those of all its jobs. */
  readonly queues?: readonly string[];
  /** Its jobs of which any conductor may run parts, for other conductors; absent: an older version does not tell. */
  readonly sharedJobs?: readonly string[];
  /** A digest of the names and versions of the jobs that it has read; absent: an older version does not tell. */
  readonly jobsVersion?: string;
  /** For so long it may give no sign of life before it is taken for gone; absent: an older version does not tell. */
  readonly leaseSeconds?: number;
  /** It takes nothing new, and ends when what it runs has: another process of its machine has read job files that have changed. */
  readonly isDraining?: true;
}

export const conductorRoles = ['serve', 'worker'] as const;
export type ConductorRole = (typeof conductorRoles)[number];

/** What is known of the end of a conductor. */
export interface Ending {
  readonly because: string | null;
  readonly by: number | null;
}

/** Of conductors, by id. */
export const conductorsIndex = 'conductors';

export function heartbeatKey(conductor: string): StateDocumentKey {
  return { collection: 'conductor', id: conductor };
}

export function heartbeatDocument({ conductor, at, about, endedBecause, endedBy }: Heartbeat): StateDocument {
  return {
    ...heartbeatKey(conductor),
    text: stringifyJson({
      id: conductor,
      heartbeat_time: formatInstant(at),
      ...(about === undefined ? {} : { about: storedAbout(about) }),
      ...(endedBecause === undefined ? {} : { ended_because: endedBecause }),
      ...(endedBy === undefined ? {} : { ended_by_execution: endedBy }),
    }),
    members: [{ index: conductorsIndex, member: conductor }],
  };
}

function storedAbout(about: ConductorAbout): JsonObject {
  const { sharedJobs, jobsVersion, leaseSeconds, isDraining } = about;
  return {
    ...aboutFields(about),
    ...(sharedJobs === undefined ? {} : { shared_jobs: sharedJobs }),
    ...(jobsVersion === undefined ? {} : { jobs_version: jobsVersion }),
    ...(leaseSeconds === undefined ? {} : { lease_milliseconds: Math.round(leaseSeconds * 1000) }),
    ...(isDraining === undefined ? {} : { draining: true }),
  };
}

/** As it is answered. */
export function aboutFields({
  host,
  processId,
  role,
  concurrency,
  capabilities,
  queues = [],
}: ConductorAbout): JsonObject {
  return { host, process_id: processId, role, concurrency, capabilities, queues };
}

/** @throws BatchyError `foreign-data` for text that is no heartbeat */
export function readHeartbeat(text: string): Heartbeat {
  const fields = storedFields(parseStoredObject(text, what), what);
  const about = fields.has('about') ? fields.objectOrNull('about') : null;
  return {
    conductor: fields.text('id'),
    at: fields.instant('heartbeat_time'),
    ...(about === null ? {} : { about: readAbout(about) }),
    ...(fields.has('ended_because') ? { endedBecause: fields.text('ended_because') } : {}),
    ...(fields.has('ended_by_execution') ? { endedBy: fields.count('ended_by_execution') } : {}),
  };
}

function readAbout(fields: StoredFields): ConductorAbout {
  const queues = fields.has('queues') ? (fields.textsOrNull('queues') ?? []) : [];
  const sharedJobs = fields.has('shared_jobs') ? fields.textsOrNull('shared_jobs') : null;
  return {
    host: fields.text('host'),
    processId: fields.count('process_id'),
    role: fields.oneOf('role', conductorRoles),
    concurrency: fields.count('concurrency'),
    capabilities: fields.textsOrNull('capabilities') ?? [],
    ...(queues.length === 0 ? {} : { queues }),
    ...(sharedJobs === null ? {} : { sharedJobs }),
    ...(fields.has('jobs_version') ? { jobsVersion: fields.text('jobs_version') } : {}),
    ...(fields.has('lease_milliseconds') ? { leaseSeconds: fields.count('lease_milliseconds') / 1000 } : {}),
    ...(fields.has('draining') && fields.flag('draining') ? { isDraining: true } : {}),
  };
}

/**
 * For how long a conductor may give no sign of life before it is taken for gone, in seconds: as it says itself, since it gives its signs by
 * that. @param usual where it does not tell @throws BatchyError `foreign-data` for text that is no heartbeat
 */
export function leaseSecondsOf(text: string, usual: number): number {
  // As of its end.
  const fields = storedFields(parseStoredObject(text, what), what);
  const about = fields.has('about') ? fields.objectOrNull('about') : null;
  return about?.has('lease_milliseconds') === true ? about.count('lease_milliseconds') / 1000 : usual;
}

/** @returns how its conductor has ended, where somebody saw it. @throws BatchyError `foreign-data` for text that is no heartbeat */
export function readEnding(text: string): Ending | null {
  // Whether somebody is gone must not hang on what else a version of its own tells.
  const fields = storedFields(parseStoredObject(text, what), what);
  if (!fields.has('ended_because')) return null;
  const by = fields.has('ended_by_execution') ? fields.count('ended_by_execution') : null;
  return { because: fields.text('ended_because'), by };
}

const what = 'the sign of life of a conductor';
