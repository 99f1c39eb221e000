import { BatchyError } from './errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from './json.ts';
import { createMemo, createNotes } from './memo.ts';
import { jobNameProblem, quoteBriefly } from './names.ts';
import { type Parameters, type SpecialParameters, readSpecialParameters } from './special-parameters.ts';
import { floorToMicrosecond, formatInstant, type Instant, parseInstant } from './time.ts';
import { type Status, worstStatus } from './transitions.ts';

/** A workflow: its jobs, in order, and what our ledger knows beyond them. Immutable; transitions make new ones. */
export interface Workflow {
  readonly name: string;
  readonly jobs: ReadonlyMap<string, Parameters>;
  readonly ledger: Ledger;
}

/** What we keep beside the hash that other programs share: never in the user's map, always in the same commit. */
export interface Ledger {
  /** Grows by one with every commit, so that the ledger's text differs each time and serves compare-and-set. */
  readonly revision: number;
  /** Job names in the configuration's order; a Redis hash has none. */
  readonly order: readonly string[];
  /** The `_infa` setting of the configuration, or `null`. */
  readonly infa: Json;
  /** The greatest batch id ever given or seen, and the greatest epoch of a configuration's record. */
  readonly lastBatchId: number;
  readonly lastInitId: number;
  readonly jobs: ReadonlyMap<string, JobLedger>;
  /** Jobs that are no longer there: up to where each is known to be loaded. */
  readonly departed: ReadonlyMap<string, Instant>;
}

export interface JobLedger {
  /** The batch that we know to be in the head: another program's opening is told by a differing id or start. */
  readonly batch: KnownBatch | null;
  /** When a stored start was found ahead of the clock; `null` while the clock is trusted. */
  readonly skewNoticedAt: Instant | null;
}

export interface KnownBatch {
  readonly id: number;
  readonly start: Instant;
  /** Where its window begins; `null` where another program's head did not say. */
  readonly from: Instant | null;
  /** The exclusive end of the window that this batch's success proves loaded. */
  readonly until: Instant;
  /** Whether `until` was told to the job: as `to_date` in its map, or to the execution that owned the batch. */
  readonly emitted: boolean;
  /** Whether it took the place of an open batch whose client may still be alive; a success ends that story. */
  readonly superseded: boolean;
  /** Whether we saw it end. */
  readonly ended: boolean;
  /** The execution that owns it, or `null`. */
  readonly owner: string | null;
  /** Opened by another program, found in the head. */
  readonly foreign: boolean;
}

export const emptyLedger: Ledger = {
  revision: 0,
  order: [],
  infa: null,
  lastBatchId: 0,
  lastInitId: 0,
  jobs: new Map(),
  departed: new Map(),
};
export const unknownToLedger: JobLedger = { batch: null, skewNoticedAt: null };

export function jobLedger(workflow: Workflow, job: string): JobLedger {
  return workflow.ledger.jobs.get(job) ?? unknownToLedger;
}

/** What the ledger knows of the batch in this head, or `null` when another program wrote the head. */
export function knownBatch(workflow: Workflow, job: string, special: SpecialParameters): KnownBatch | null {
  const { batch } = jobLedger(workflow, job);
  return isBatchOf(batch, special) ? batch : null;
}

/** Ids alone do not tell: an id ahead of the clock and another program's opening can meet. The start, to the microsecond, does. */
function isBatchOf(batch: KnownBatch | null, special: SpecialParameters): boolean {
  if (batch === null || special.batchStart === null) return false;
  return batch.id === special.batchId && batch.start === floorToMicrosecond(special.batchStart);
}

/** The status of each job; a job whose special parameters cannot be read counts as failed, so that somebody looks. */
export function jobStatuses(workflow: Workflow): Map<string, Status> {
  return new Map(
    [...workflow.jobs].map(([job, parameters]) => {
      const special = readSpecialParameters(parameters);
      return [job, 'problems' in special ? 'failed' : special.status];
    }),
  );
}

export function workflowStatus(workflow: Workflow): Status {
  return worstStatus(jobStatuses(workflow).values());
}

// ---- stored form -----------------------------------------------------------------------------------------------------

/** A workflow as a store holds it: the hash that is shared with other programs, and our ledger's text. */
export interface StoredWorkflow {
  /** Field (job) to JSON text, never changed once it was handed out; `null` when there is no such key. */
  readonly head: ReadonlyMap<string, string> | null;
  readonly ledger: string | null;
}

/**
 * @returns the workflow, or `null` when there is no head
 * @throws BatchyError `foreign-data` when a field is no job's map
 */
export function decodeWorkflow(name: string, stored: StoredWorkflow): Workflow | null {
  if (stored.head === null) return null;
  const known = lastDecoded.get(name);
  if (known !== undefined && known.ledger === stored.ledger && isSameHead(known.head, stored.head))
    return known.workflow;
  const ledger = decodeLedger(stored.ledger);
  const rank = new Map(ledger.order.map((job, index) => [job, index]));
  const names = [...stored.head.keys()].sort((one, other) => compareJobs(rank, one, other));
  const jobs = new Map(names.map((job) => [job, decodeJob(name, job, stored.head?.get(job) ?? '')]));
  const workflow: Workflow = { name, ledger, jobs };
  lastDecoded.set(name, { head: stored.head, ledger: stored.ledger, workflow });
  return workflow;
}

/** By name, what was decoded or encoded last: what is read most was written here, or has not changed since it was read. */
const lastDecoded = createMemo<string, Decoded>(8_000_000, (_name, { head, ledger }) => sizeOf(head, ledger));

interface Decoded {
  readonly head: ReadonlyMap<string, string>;
  readonly ledger: string | null;
  readonly workflow: Workflow;
}

function sizeOf(head: ReadonlyMap<string, string>, ledger: string | null): number {
  let size = ledger?.length ?? 0;
  for (const [job, text] of head) size += job.length + text.length;
  return size;
}

function isSameHead(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const [job, text] of one) if (other.get(job) !== text) return false;
  return true;
}

function compareJobs(rank: ReadonlyMap<string, number>, one: string, other: string): number {
  const byOrder = (rank.get(one) ?? Number.MAX_SAFE_INTEGER) - (rank.get(other) ?? Number.MAX_SAFE_INTEGER);
  if (byOrder !== 0) return byOrder;
  return one < other ? -1 : Number(one > other);
}

function decodeJob(workflow: string, job: string, text: string): Parameters {
  const problem = jobNameProblem(job);
  if (problem !== null) throw foreignData(workflow, `its field ${quoteBriefly(job)} is no job: ${problem}`);
  let value: Json;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw foreignData(workflow, `its field ${quoteBriefly(job)} is no JSON`, cause);
  }
  if (!isJsonObject(value)) throw foreignData(workflow, `its field ${quoteBriefly(job)} is no JSON map`);
  return new Map(Object.entries(value));
}

export function foreignData(workflow: string, what: string, cause?: unknown): BatchyError {
  return new BatchyError(
    'foreign-data',
    `The key ${quoteBriefly(workflow)} belongs to somebody else: ${what}. It is left untouched; choose another workflow name.`,
    { cause },
  );
}

export function encodeHead(workflow: Workflow): ReadonlyMap<string, string> {
  const head = new Map<string, string>();
  for (const [job, parameters] of workflow.jobs) head.set(job, encodeParameters(parameters));
  return head;
}

/** To be called with what was encoded, so that whoever comes with the same texts need not have them decoded. */
export function noteWritten(next: Workflow, head: ReadonlyMap<string, string>, ledger: string): void {
  if (isToTheMicrosecond(next.ledger)) lastDecoded.set(next.name, { head, ledger, workflow: next });
}

/** A map never changes once it is made, and a batch's goes into the head, its copy and the answer alike. */
const alreadyEncoded = createNotes<Parameters, string>();

export function encodeParameters(parameters: Parameters): string {
  const known = alreadyEncoded.of(parameters);
  if (known !== undefined) return known;
  const text = encodeAnew(parameters);
  alreadyEncoded.note(parameters, text);
  return text;
}

function encodeAnew(parameters: Parameters): string {
  const plain: Record<string, Json> = {};
  for (const [name, value] of parameters) {
    // An object has its numbers first, and no field of its own of this name.
    if (/^\d|^__proto__$/.test(name)) return encodeInOrder(parameters);
    plain[name] = value;
  }
  return stringifyJson(plain);
}

function encodeInOrder(parameters: Parameters): string {
  const fields = [...parameters].map(([name, value]) => `${JSON.stringify(name)}:${stringifyJson(value)}`);
  return `{${fields.join(',')}}`;
}

/** The wire form of some jobs: a JSON object, job to map, in order. */
export function encodeJobs(jobs: ReadonlyMap<string, Parameters>): string {
  return `{${[...jobs].map(([job, parameters]) => `${JSON.stringify(job)}:${encodeParameters(parameters)}`).join(',')}}`;
}

export function encodeLedger(ledger: Ledger): string {
  const jobs = [...ledger.jobs].map(([job, { batch, skewNoticedAt }]) => [
    job,
    {
      ...(batch === null
        ? {}
        : {
            batch: {
              ...batch,
              start: formatInstant(batch.start),
              from: batch.from === null ? null : formatInstant(batch.from),
              until: formatInstant(batch.until),
            },
          }),
      ...(skewNoticedAt === null ? {} : { skew_noticed_at: formatInstant(skewNoticedAt) }),
    },
  ]);
  const departed = [...ledger.departed].map(([job, loadedUpTo]) => [job, formatInstant(loadedUpTo)]);
  return JSON.stringify({ ...ledger, jobs, departed: departed.length === 0 ? undefined : departed });
}

/** Whether nothing is lost by writing it. */
function isToTheMicrosecond({ jobs, departed }: Ledger): boolean {
  const isExact = (instant: Instant | null): boolean => instant === null || instant % 1000n === 0n;
  for (const { batch, skewNoticedAt } of jobs.values()) {
    if (!isExact(skewNoticedAt)) return false;
    if (batch !== null && !(isExact(batch.start) && isExact(batch.from) && isExact(batch.until))) return false;
  }
  return departed.values().every(isExact);
}

/** @throws BatchyError `foreign-data` when somebody else wrote the ledger's key */
export function decodeLedger(text: string | null): Ledger {
  if (text === null) return emptyLedger;
  try {
    const value = parseJson(text) as JsonObject;
    const jobs = value['jobs'] as readonly [string, { batch?: JsonObject; skew_noticed_at?: string }][];
    const departed = (value['departed'] ?? []) as readonly [string, string][];
    return {
      revision: value['revision'] as number,
      order: value['order'] as readonly string[],
      infa: value['infa'] ?? null,
      lastBatchId: value['lastBatchId'] as number,
      lastInitId: value['lastInitId'] as number,
      jobs: new Map(jobs.map(([job, known]) => [job, decodeJobLedger(known)])),
      departed: new Map(departed.map(([job, loadedUpTo]) => [job, ledgerInstant(loadedUpTo)])),
    };
  } catch (cause) {
    throw new BatchyError(
      'foreign-data',
      `The ledger under batchy: cannot be read: somebody else wrote it. Restore it from a backup or delete it; then run batchy reindex.`,
      { cause },
    );
  }
}

function decodeJobLedger(known: { batch?: JsonObject; skew_noticed_at?: string }): JobLedger {
  const { batch } = known;
  return {
    batch:
      batch === undefined
        ? null
        : {
            id: batch['id'] as number,
            start: ledgerInstant(batch['start']),
            from: (batch['from'] ?? null) === null ? null : ledgerInstant(batch['from']),
            until: ledgerInstant(batch['until']),
            emitted: batch['emitted'] === true,
            superseded: batch['superseded'] === true,
            ended: batch['ended'] === true,
            owner: (batch['owner'] ?? null) as string | null,
            foreign: batch['foreign'] === true,
          },
    skewNoticedAt: known.skew_noticed_at === undefined ? null : ledgerInstant(known.skew_noticed_at),
  };
}

function ledgerInstant(value: Json | undefined): Instant {
  const instant = typeof value === 'string' ? parseInstant(value) : null;
  if (instant === null) throw new TypeError(`no instant: ${JSON.stringify(value)}`);
  return instant;
}
