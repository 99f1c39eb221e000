import { createHash } from 'node:crypto';

import type { WorkflowChange } from '../domain/change.ts';
import { noticeClockSkew } from '../domain/clock-skew.ts';
import { BatchyError } from '../domain/errors.ts';
import { checkWorkflowName, quoteBriefly } from '../domain/names.ts';
import { readSpecialParameters } from '../domain/special-parameters.ts';
import { type Instant, maxInstant } from '../domain/time.ts';
import {
  decodeWorkflow,
  encodeHead,
  encodeLedger,
  type StoredWorkflow,
  type Workflow,
  workflowStatus,
} from '../domain/workflow.ts';
import type { BatchReader, LoadedWorkflow } from '../ports/batch-reader.ts';
import type { Operation, Store, StoredAnswer, StoredWorkflowChange } from '../ports/store.ts';
import { createTurns } from './turns.ts';

export type { StoredAnswer };

/** Who asks, and how a repeated request is told from a new one. */
export interface Caller {
  /** The name of the API key, for the journal. */
  readonly name: string;
  readonly idempotency: Idempotency | null;
}

export interface Idempotency {
  /** The caller's Idempotency-Key. */
  readonly key: string;
  /** What is asked, in one text: operation, workflow, query and body. The method does not count. */
  readonly request: string;
}

export interface Answered {
  readonly answer: StoredAnswer;
  /** Whether it is the first answer to the same request, given again. */
  readonly replayed: boolean;
}

/** A workflow as one attempt of a command sees it. */
export interface Attempt {
  readonly stored: StoredWorkflow;
  readonly workflow: Workflow | null;
  readonly now: Instant;
}

/** What a command decides: the change (`null`: nothing to store) and what to answer. */
export interface Decision {
  readonly change: WorkflowChange | null;
  readonly answer: StoredAnswer;
}

export interface CommandsOptions {
  readonly store: Store;
  readonly reader: BatchReader;
  /** A fresh, unique id for an operation without an Idempotency-Key. */
  readonly operationId: () => string;
  /** How long a command may wait for those before it on the same workflow. */
  readonly patienceMilliseconds: number;
}

/** How long the answer to an Idempotency-Key is kept, and how long an operation without one may be sent again. */
const keepKeyedSeconds = 24 * 3600;
const keepUnkeyedSeconds = 600;
/** Between processes a conflict is rare and short; a command that meets this many is refused rather than starving others. */
const maxAttempts = 100;

export interface Commands {
  /**
   * Carries out one command on a workflow: load, decide (pure), commit; again when something changed in between. Commands on
   * the same workflow take turns within this process.
   * @throws BatchyError what `decide` throws; `contention`, `idempotency-mismatch`, `store-unavailable`
   */
  run(name: string, caller: Caller, decide: (attempt: Attempt) => Decision | Promise<Decision>): Promise<Answered>;
  /** As `run`, for changes that the service itself makes and nobody waits for: a mark, an adoption. */
  apply(name: string, decide: (attempt: Attempt) => WorkflowChange | null): Promise<void>;
}

export function createCommands({ store, reader, operationId, patienceMilliseconds }: CommandsOptions): Commands {
  const takeTurn = createTurns(patienceMilliseconds);

  async function attempt(name: string): Promise<Attempt> {
    const loaded = await reader.load(name);
    const workflow = decodeWorkflow(name, loaded);
    const noticed = workflow === null ? null : noticeClockSkew(workflow, loaded.now);
    if (noticed === null) return { stored: loaded, workflow, now: loaded.now };
    // The mark is a commit of its own: it stands even where the command is then refused because of it.
    await store.commit({
      operation: unkeyed(operationId()),
      changes: [storedChange(loaded, noticed)],
      journal: noticed.journal,
    });
    return attempt(name);
  }

  async function repeat<T>(name: string, once: (now: Attempt) => Promise<T | 'conflict'>): Promise<T> {
    for (let tries = 0; tries < maxAttempts; tries += 1) {
      const result = await once(await attempt(name));
      if (result !== 'conflict') return result;
    }
    throw new BatchyError(
      'contention',
      `Workflow ${quoteBriefly(name)} is being changed by others faster than this request could be stored. Nothing was changed; try again.`,
    );
  }

  async function run(
    name: string,
    caller: Caller,
    decide: (attempt: Attempt) => Decision | Promise<Decision>,
  ): Promise<Answered> {
    checkWorkflowName(name);
    const { idempotency } = caller;
    const request = idempotency === null ? null : keyedOperation(caller.name, idempotency);
    const id = request?.id ?? operationId();
    return takeTurn(name, async () => {
      const before = request === null ? null : await reader.operation(request.id);
      if (before !== null && request !== null) return replay(before, request.fingerprint);
      return repeat(name, async (now) => {
        const { change, answer } = await decide(now);
        if (change === null && request === null) return { answer, replayed: false };
        const operation: Operation =
          request === null ? unkeyed(id) : { ...request, answer, keepSeconds: keepKeyedSeconds };
        const outcome = await store.commit({
          operation,
          changes: change === null ? [] : [storedChange(now.stored, change)],
          journal: change?.journal ?? [],
        });
        if (outcome.kind === 'conflict') return 'conflict';
        if (outcome.kind === 'repeated') return replay(outcome.operation, operation.fingerprint);
        return { answer, replayed: false };
      });
    });
  }

  async function apply(name: string, decide: (attempt: Attempt) => WorkflowChange | null): Promise<void> {
    await takeTurn(name, () =>
      repeat(name, async (now) => {
        const change = decide(now);
        if (change === null) return null;
        const outcome = await store.commit({
          operation: unkeyed(operationId()),
          changes: [storedChange(now.stored, change)],
          journal: change.journal,
        });
        return outcome.kind === 'conflict' ? 'conflict' : null;
      }),
    );
  }

  return { run, apply };
}

function unkeyed(id: string): Operation {
  return { id, fingerprint: '', answer: null, keepSeconds: keepUnkeyedSeconds };
}

function keyedOperation(caller: string, { key, request }: Idempotency): Pick<Operation, 'id' | 'fingerprint'> {
  return { id: `key-${hash(JSON.stringify([caller, key]))}`, fingerprint: hash(request) };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function replay(operation: { fingerprint: string; answer: StoredAnswer | null }, fingerprint: string): Answered {
  if (operation.fingerprint !== fingerprint) {
    throw new BatchyError(
      'idempotency-mismatch',
      'This Idempotency-Key was used for another request within the last 24 hours. Use a fresh key for each request; repeat the key only with the same request.',
    );
  }
  if (operation.answer === null) throw new BatchyError('internal', 'An operation was stored without its answer.');
  return { answer: operation.answer, replayed: true };
}

/** A change in the form in which it is stored, beside what it was computed from. */
function storedChange(expected: LoadedWorkflow | StoredWorkflow, change: WorkflowChange): StoredWorkflowChange {
  return {
    kind: 'workflow',
    name: change.name,
    expected: { head: expected.head, ledger: expected.ledger },
    head: change.deleted ? null : encodeHead(change.next),
    ledger: encodeLedger(change.next.ledger),
    records: change.records,
    listing: {
      status: workflowStatus(change.next),
      updatedAt: change.journal[0]?.at ?? 0n,
      latestStart: latestStart(change.next),
    },
  };
}

/** Of a job that is marked already the mark counts: should the clock go back once more, it lies ahead, too. */
function latestStart(workflow: Workflow): Instant | null {
  let latest: Instant | null = null;
  for (const [job, parameters] of workflow.jobs) {
    const special = readSpecialParameters(parameters);
    if ('problems' in special || special.batchStart === null) continue;
    const watched = workflow.ledger.jobs.get(job)?.skewNoticedAt ?? special.batchStart;
    latest = latest === null ? watched : maxInstant(latest, watched);
  }
  return latest;
}
