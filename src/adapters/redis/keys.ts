import type { RecordKind } from '../../domain/change.ts';
import { ownPrefix } from '../../domain/names.ts';
import { floorToMicrosecond, formatInstant, type Instant } from '../../domain/time.ts';
import type { Status } from '../../domain/transitions.ts';
import type { DocumentKey } from '../../ports/document-reader.ts';

/**
 * Where everything lies. Outside of `batchy:` are only the keys that we share with other programs: a workflow's hash at its
 * name, and the copies of its batches beside it. A workflow's name holds no `:`; a job's may, so it comes last.
 *
 * Sets that are read in an order by anything but a small number have score 0 and members that sort as they should be read:
 * a score is a float and would round times.
 */
export const keys = {
  schema: `${ownPrefix}schema`,
  /** Set of the names that ever had a ledger. */
  names: `${ownPrefix}names`,
  /** Hash: name to `<status> <updated at> <latest start or ->`. */
  listings: `${ownPrefix}listings`,
  /** Sorted set of `<latest start> <name>`. */
  starts: `${ownPrefix}starts`,
  /** Stream of entries, their ids `<sequence>-0`. */
  journal: `${ownPrefix}journal`,
  /** The last sequence number that was given. */
  sequence: `${ownPrefix}journal:sequence`,
  /** Sorted set of sequence numbers. */
  journalOf: (workflow: string) => `${ownPrefix}journal:of:${workflow}`,
  ledger: (workflow: string) => `${ownPrefix}ledger:${workflow}`,
  /** Hash: `_` is the opening, every other field a job's outcome (no job's name begins with `_`). */
  record: (workflow: string, id: string) => `${ownPrefix}record:${workflow}:${id}`,
  /** Sorted set of `recordMember`s. One a kind, so that a list of one kind costs no more for there being others. */
  records: (kind: RecordKind, workflow: string) => `${ownPrefix}records:${kind}:${workflow}`,
  /** Sorted set of `windowMember`s. */
  windows: (workflow: string, job: string) => `${ownPrefix}windows:${workflow}:${job}`,
  /** Sorted set of names. */
  named: (status: Status) => `${ownPrefix}workflows:named:${status}`,
  /** Sorted set of `<updated at> <name>`. */
  updated: (status: Status) => `${ownPrefix}workflows:updated:${status}`,
  operation: (id: string) => `${ownPrefix}operation:${id}`,
  /** String: the revision, a line break, the text. A collection's name holds no `:`. */
  document: ({ collection, id }: DocumentKey) => `${ownPrefix}document:${collection}:${id}`,
  /** Sorted set of members, each as it was given. */
  index: (name: string) => `${ownPrefix}index:${name}`,
  /** String: the last number that was given. */
  numbers: (sequence: string) => `${ownPrefix}sequence:${sequence}`,
} as const;

/** Of our own keys' layout. A greater one was written by a later release, whose data we would damage. */
export const schemaVersion = 1;

export const openingField = '_';

/** Enough digits for every safe integer, so that members sort like their numbers. */
function paddedNumber(number: number): string {
  return String(number).padStart(16, '0');
}

export function recordMember(number: number, id: string): string {
  return `${paddedNumber(number)} ${id}`;
}

export function recordIdOf(member: string): string {
  return member.slice(17);
}

/** `<until> <number> <from>`: times of one length, so that members sort by the window's end. */
export function windowMember(
  number: number,
  { from, until }: { readonly from: Instant; readonly until: Instant },
): string {
  return `${formatInstant(until)} ${paddedNumber(number)} ${formatInstant(from)}`;
}

/** Behind every member up to this end and number. Finer than a microsecond is behind all of that microsecond. */
export function windowMemberBeyond(until: Instant, number: number): string {
  return floorToMicrosecond(until) === until
    ? `(${formatInstant(until)} ${paddedNumber(number)} ~`
    : `(${formatInstant(until)} ~`;
}

/** `<time> <name>` */
export function timedMember(instant: Instant, name: string): string {
  return `${formatInstant(instant)} ${name}`;
}
