import { createHash } from 'node:crypto';

import type { JournalEntry, WorkflowChange } from '../domain/change.ts';
import { noticeClockSkew } from '../domain/clock-skew.ts';
import { BatchyError } from '../domain/errors.ts';
import { checkWorkflowName, quoteBriefly } from '../domain/names.ts';
import { storedWorkflowChange } from '../domain/stored-workflow-change.ts';
import type { Instant } from '../domain/time.ts';
import { decodeWorkflow, type StoredWorkflow, type Workflow } from '../domain/workflow.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  Commit,
  CommitOutcome,
  DocumentGuard,
  Operation,
  Store,
  StoredAnswer,
  StoredChange,
  StoredDocumentChange,
} from '../ports/store.ts';
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

type Decide = (attempt: Attempt) => Decision | Promise<Decision>;

/** What a command decides: the change (`null`: nothing to store) and what to answer. */
export interface Decision {
  readonly change: WorkflowChange | null;
  readonly answer: StoredAnswer;
  /** What changes beside the workflow, in the same commit. */
  readonly beside?: Beside;
}

/** Documents that change, those that must not have, and what the journal says of them. */
export interface Beside {
  readonly documents: readonly StoredDocumentChange[];
  readonly guards?: readonly DocumentGuard[];
  readonly journal: readonly JournalEntry[];
}

export interface BesideDecision {
  readonly beside: Beside | null;
  readonly answer: StoredAnswer;
  /** Who may store it in our stead, with more; `null`: nobody does. */
  readonly take?: Take;
}

type Take = (commit: Commit) => Promise<CommitOutcome | null>;

/** What is decided, in the form in which it is stored. */
interface Storable {
  readonly changes: readonly StoredChange[];
  readonly guards: readonly DocumentGuard[];
  readonly journal: readonly JournalEntry[];
  readonly answer: StoredAnswer;
  readonly take?: Take | undefined;
}

export interface CommandsOptions {
  readonly clock: Clock;
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
  run(name: string, caller: Caller, decide: Decide): Promise<Answered>;
  /**
   * As `run`, without reading first what this process wrote last: for what is asked often, and decides without effects. What
   * is refused, or changes nothing, is decided once more on what was read.
   */
  runOften(name: string, caller: Caller, decide: Decide): Promise<Answered>;
  /**
   * As `run`, for what concerns no workflow: only documents change.
   * @param turn of whoever changes the same documents; holds a space, so that it is no workflow's
   */
  runBeside(turn: string, caller: Caller, decide: (now: Instant) => Promise<BesideDecision>): Promise<Answered>;
  /** As `run`, for changes that the service itself makes and nobody waits for: a mark, an adoption. */
  apply(name: string, decide: (attempt: Attempt) => WorkflowChange | null): Promise<void>;
}

export function createCommands({ store, reader, clock, operationId, patienceMilliseconds }: CommandsOptions): Commands {
  const takeTurn = createTurns(patienceMilliseconds);

  async function attempt(name: string): Promise<Attempt> {
    const loaded = await reader.load(name);
    const workflow = decodeWorkflow(name, loaded);
    const noticed = workflow === null ? null : noticeClockSkew(workflow, loaded.now);
    if (noticed === null) return { stored: loaded, workflow, now: loaded.now };
    // The mark is a commit of its own: it stands even where the command is then refused because of it.
    await store.commit({
      operation: unkeyed(operationId()),
      changes: [storedWorkflowChange(loaded, noticed)],
      journal: noticed.journal,
    });
    return attempt(name);
  }

  function once(turn: string, subject: string, caller: Caller, decide: () => Promise<Storable>): Promise<Answered> {
    const { idempotency } = caller;
    const request = idempotency === null ? null : keyedOperation(caller.name, idempotency);
    const id = request?.id ?? operationId();
    return takeTurn(turn, async () => {
      const before = request === null ? null : await reader.operation(request.id);
      if (before !== null && request !== null) return replay(before, request.fingerprint);
      for (let tries = 0; tries < maxAttempts; tries += 1) {
        const { answer, changes, guards, journal, take } = await decide();
        if (changes.length === 0 && request === null) return { answer, replayed: false };
        const operation: Operation =
          request === null ? unkeyed(id) : { ...request, answer, keepSeconds: keepKeyedSeconds };
        const commit = { operation, changes, guards, journal };
        const taken = take === undefined ? null : await take(commit);
        const outcome = taken ?? (await store.commit(commit));
        if (outcome.kind === 'repeated') return replay(outcome.operation, operation.fingerprint);
        if (outcome.kind === 'committed') return { answer, replayed: false };
      }
      throw contention(subject);
    });
  }

  async function run(name: string, caller: Caller, decide: Decide): Promise<Answered> {
    checkWorkflowName(name);
    return once(name, `Workflow ${quoteBriefly(name)}`, caller, async () => {
      const now = await attempt(name);
      return storable(now, await decide(now));
    });
  }

  async function runOften(name: string, caller: Caller, decide: Decide): Promise<Answered> {
    checkWorkflowName(name);
    let tries = 0;
    return once(name, `Workflow ${quoteBriefly(name)}`, caller, async () => {
      const recalled = tries++ === 0 ? await decideRecalled(name, decide) : null;
      if (recalled !== null) return recalled;
      const now = await attempt(name);
      return storable(now, await decide(now));
    });
  }

  /** @returns `null` where it must be read what is stored */
  async function decideRecalled(name: string, decide: Decide): Promise<Storable | null> {
    const recalled = await reader.recall(name);
    if (recalled === null) return null;
    const workflow = decodeWorkflow(name, recalled);
    if (workflow === null || noticeClockSkew(workflow, recalled.now) !== null) return null;
    const now = { stored: recalled, workflow, now: recalled.now };
    try {
      const decided = storable(now, await decide(now));
      return decided.changes.length === 0 ? null : decided;
    } catch (error) {
      if (error instanceof BatchyError) return null;
      throw error;
    }
  }

  function runBeside(
    turn: string,
    caller: Caller,
    decide: (now: Instant) => Promise<BesideDecision>,
  ): Promise<Answered> {
    return once(turn, `What is asked of ${turn}`, caller, async () => {
      const { beside, answer, take } = await decide(clock.told?.() ?? (await clock.now()));
      const { documents, guards = [], journal } = beside ?? nothingBeside;
      return { answer, changes: documents, guards, journal, take };
    });
  }

  async function apply(name: string, decide: (attempt: Attempt) => WorkflowChange | null): Promise<void> {
    await takeTurn(name, async () => {
      for (let tries = 0; tries < maxAttempts; tries += 1) {
        const now = await attempt(name);
        const change = decide(now);
        if (change === null) return;
        const outcome = await store.commit({
          operation: unkeyed(operationId()),
          changes: [storedWorkflowChange(now.stored, change)],
          journal: change.journal,
        });
        if (outcome.kind !== 'conflict') return;
      }
      throw contention(`Workflow ${quoteBriefly(name)}`);
    });
  }

  return { run, runOften, runBeside, apply };
}

function storable({ stored }: Attempt, { change, answer, beside = nothingBeside }: Decision): Storable {
  return {
    answer,
    changes: change === null ? beside.documents : [storedWorkflowChange(stored, change), ...beside.documents],
    guards: beside.guards ?? [],
    journal: change === null ? beside.journal : [...change.journal, ...beside.journal],
  };
}

const nothingBeside: Beside = { documents: [], journal: [] };

function contention(subject: string): BatchyError {
  return new BatchyError(
    'contention',
    `${subject} is being changed by others faster than this request could be stored. Nothing was changed; try again.`,
  );
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
