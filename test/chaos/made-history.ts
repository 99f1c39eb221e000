import { beginningOf, encodePlace } from '../../src/domain/chunk-place.ts';
import type { JournalExecution } from '../../src/domain/change.ts';
import { type BatchStatus, type JobExecution, noCounters, type StepExecution } from '../../src/domain/execution.ts';
import { encodeExecution, encodeStep } from '../../src/domain/execution-text.ts';
import { heartbeatDocument } from '../../src/domain/heartbeat.ts';
import { encodeLease } from '../../src/domain/lease.ts';
import type { Part } from '../../src/domain/part.ts';
import { partDocument } from '../../src/domain/part.ts';
import { nanosecondsPerSecond } from '../../src/domain/time.ts';
import type { DocumentWrite, SequencedEntry, StoredCommit } from './history/history.ts';

/** Commits made up in memory, as a store would carry them out: to show what a rule lets pass, and what it does not. */

export const leaseSeconds = 2;

const second = (seconds: number): bigint => BigInt(Math.round(seconds * 1000)) * (nanosecondsPerSecond / 1000n);

export function execution(revision: number, fields: Partial<JobExecution> = {}): DocumentWrite {
  const text = encodeExecution({
    id: 1,
    instanceId: 1,
    jobName: 'Load',
    status: 'STARTED',
    exitCode: 'EXECUTING',
    exitMessage: '',
    createdAt: 0n,
    startedAt: null,
    endedAt: null,
    updatedAt: 0n,
    parameters: new Map(),
    forced: false,
    batch: null,
    launchedBy: 'test',
    takeovers: 0,
    stopRequestedBy: null,
    ...fields,
  });
  return { collection: 'execution', id: String(fields.id ?? 1), after: { revision, text } };
}

export function step(
  revision: number,
  fields: Partial<StepExecution> = {},
  commits = 0,
  items = commits,
): DocumentWrite {
  const text = encodeStep({
    id: 7,
    executionId: 1,
    instanceId: 1,
    stepName: 'Load',
    status: 'STARTED',
    exitCode: 'EXECUTING',
    exitMessage: '',
    startedAt: 0n,
    endedAt: null,
    counters: { ...noCounters, commit: commits },
    checkpoint: encodePlace({ ...beginningOf(7, 'stamp', 1), items }),
    ...fields,
  });
  return { collection: 'step', id: '1:7', after: { revision, text } };
}

/** @param at in seconds */
export function lease(revision: number, conductor: string | null, at = 0, executionId = 1): DocumentWrite {
  const text = encodeLease({ executionId, conductor, takenAt: second(at) });
  return { collection: 'lease', id: String(executionId), after: { revision, text } };
}

/** A sign of life. @param at in seconds */
export function sign(revision: number, conductor: string, at: number): DocumentWrite {
  const { collection, id, text } = heartbeatDocument({ conductor, at: second(at) });
  return { collection, id, after: { revision, text } };
}

export function part(revision: number | null, conductor: string | null, fields: Partial<Part> = {}): DocumentWrite {
  const { collection, id, text } = partDocument({
    executionId: 1,
    jobName: 'Load',
    instanceId: 1,
    stepExecutionId: 7,
    stepName: 'Load:partition0',
    step: 'Load',
    partition: null,
    checkpoint: null,
    queue: 'default',
    capabilities: [],
    conductor,
    since: 0n,
    takeovers: 0,
    ...fields,
  });
  return { collection, id, after: revision === null ? null : { revision, text } };
}

type Told = Omit<SequencedEntry, 'sequence'>;

/** What the journal tells of a move. @param by a conductor; `null`: somebody else */
export function told(
  before: JournalExecution['before'],
  after: JournalExecution['after'],
  by: string | null = null,
  stepName: string | null = null,
  id = 1,
): Told {
  return {
    entry: {
      type: stepName === null ? 'execution-changed' : 'step-changed',
      workflow: null,
      at: 0n,
      by: by === null ? 'test' : `conductor ${by}`,
      reason: null,
      batchId: null,
      jobs: [],
      execution: { id, jobName: 'Load', stepName, before, after },
    },
  };
}

export type MadeCommit = readonly (DocumentWrite | Told)[];

/** Numbers the entries one by one. */
export function historyOf(commits: readonly MadeCommit[]): StoredCommit[] {
  let sequence = 0;
  return commits.map((made) => ({
    writes: made.filter((each) => 'collection' in each),
    entries: made.flatMap((each) => ('entry' in each ? [{ ...each, sequence: (sequence += 1) }] : [])),
  }));
}

export const launched: MadeCommit = [execution(1, { status: 'STARTING' }), told(null, 'STARTING')];
export const claimed: MadeCommit = [lease(1, 'a'), execution(2), told('STARTING', 'STARTED', 'a')];
export const begun: MadeCommit = [step(1), told(null, 'STARTED', 'a', 'Load')];
export const ended = (status: BatchStatus, revision = 3, by = 'a'): MadeCommit => [
  execution(revision, { status }),
  told('STARTED', status, by),
];
