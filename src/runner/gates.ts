import type { BatchyError } from '../domain/errors.ts';
import type { JobExecution } from '../domain/execution.ts';
import { type DocumentChange, documentChange } from '../domain/execution-documents.ts';
import { type Admission, admit } from '../domain/gate.ts';
import { gateDocument, queueBookKey } from '../domain/gate-text.ts';
import type { JobDefinition } from '../domain/job.ts';
import { allQueues } from '../domain/queue-name.ts';
import { rulesFor } from '../domain/queue-settings.ts';
import { defaultQueue } from '../domain/work.ts';
import type { DocumentGuard } from '../ports/store.ts';
import type { Stores } from '../ports/stores.ts';
import { createGateReading, endedOf, readBook, type ReadBook, type ReadGate, type Unread } from './gate-reading.ts';
import { type Claimable, claimables } from './lease-taking.ts';
import { hasComeBack, type LostOwner } from './owner-loss.ts';
import { createUnreadTelling } from './unread-telling.ts';

/** What must travel in the commit that takes an execution, lest a limit be overrun. */
export interface GateCommit {
  readonly changes: readonly DocumentChange[];
  readonly guards: readonly DocumentGuard[];
}

export type GatePassing =
  | { readonly kind: 'taken'; readonly fence: number }
  /** Somebody else has it, or its owner has it still, or it is over. */
  | { readonly kind: 'lost' }
  /** It waits. `untilMilliseconds`: from now; `null`: until something changes. */
  | { readonly kind: 'held'; readonly untilMilliseconds: number | null };

export interface Passage {
  readonly claimable: Claimable;
  readonly definition: JobDefinition;
  /** How its last owner ended; `null`: it had none. */
  readonly lost: LostOwner | null;
  /** Takes the lease. @returns the fencing token; `null`: something has changed since it was read */
  readonly take: (commit: GateCommit) => Promise<number | null>;
}

/** The gates between what waits and a conductor. */
export interface Gates {
  /**
   * Reads what is decided on queues, and asks all gates anew from now on.
   * @returns whether that has changed. @throws BatchyError `store-unavailable`
   */
  refresh(): Promise<boolean>;
  /** What was decided is not what this process knows: it asks before it takes anything more. */
  forget(): void;
  /** One that could not be taken: it is looked for again, and nothing is taken for known before that. */
  letGo(executionId: number): void;
  /** What makes sure that no gate concerns an execution; `null`: one does, or it is not known. */
  freeOf(execution: JobExecution, definition: JobDefinition): readonly DocumentGuard[] | null;
  isPaused(queue: string): boolean;
  /** Whether it would have to wait, as far as is known; nothing is read. */
  isHeld(execution: JobExecution, definition: JobDefinition): boolean;
  /** The same of an execution of which only the id is at hand, where it was asked for before. */
  isKnownHeld(executionId: number): boolean;
  /** Whether it is one that was held back here, or that a gate concerns. */
  mayHaveHeld(execution: JobExecution, definition: JobDefinition): boolean;
  /** All that waits was asked for since something was to be looked for: what else was held back waits no more. */
  lookedThrough(): void;
  /** Takes an execution through its gates. One at a time, in the order in which they ask. @throws BatchyError `store-unavailable` */
  pass(passage: Passage): Promise<GatePassing>;
  /** An execution has ended here, or is another's. @returns whether others may have its place */
  left(executionId: number): boolean;
  /** Asks all gates anew. */
  reopen(): void;
  /** Whether there may be something that is held back, since it was asked the last time. */
  hasHeldBack(): boolean;
}

export interface GatesOptions {
  readonly stores: Stores;
  /** Told after so many milliseconds' worth of a wait that ends by itself. */
  readonly onWait: (milliseconds: number) => void;
  /** Told now and then of what cannot be read, and of what that holds back. */
  readonly onUnread?: (problem: BatchyError) => void;
}

/** Between conductors a conflict is short: one of them has gone on. */
const mostConflicts = 20;
/** Before it is tried once more, in milliseconds. */
const conflictPause = 100;
/** What is remembered of executions that are held back. */
const mostKnown = 20_000;

export function createGates({ stores, onWait, onUnread = () => {} }: GatesOptions): Gates {
  const reading = createGateReading(stores);
  const unread = createUnreadTelling(stores.clock, onUnread);
  let known: ReadBook | null = null;
  /** What is decided on queues cannot be read: each of them may be paused. */
  let isShut = false;
  /** The revision of what was known when it was last looked for; `undefined`: never. */
  let noticed: number | null | undefined;
  /** Gates through which nobody new comes, as far as is known. */
  const closed = new Set<string>();
  /** By which gates what was held back here was; those that were asked for in the look at hand. */
  const rulesOf = new Map<number, readonly string[]>();
  const asked = new Set<number>();
  const holders = new Set<number>();
  let heldBack = false;
  let turn: Promise<unknown> = Promise.resolve();

  function rules({ queue = defaultQueue }: JobExecution, definition: JobDefinition): readonly string[] {
    return rulesFor(definition, queue, known?.book ?? new Map()).map(({ id }) => id);
  }

  function reopen(): void {
    closed.clear();
    heldBack = true;
  }

  function isClosed(ids: readonly string[]): boolean {
    if (!isShut && !ids.some((id) => closed.has(id))) return false;
    heldBack = true;
    return true;
  }

  function remember(executionId: number, ids: readonly string[]): void {
    if (rulesOf.size >= mostKnown) rulesOf.clear();
    rulesOf.set(executionId, ids);
    asked.add(executionId);
  }

  function freeOf(execution: JobExecution, definition: JobDefinition): readonly DocumentGuard[] | null {
    if (known === null || rules(execution, definition).length > 0) return null;
    return [{ ...queueBookKey, expected: known.revision }];
  }

  async function passNow({ claimable, definition, lost, take }: Passage): Promise<GatePassing> {
    // What was taken before may hold the very place for which others were refused.
    const isNew = lost === null && claimable.leaseRevision === null;
    const closedTo = isNew ? rules(claimable.execution, definition) : [];
    if (closedTo.some((id) => closed.has(id))) {
      // Somebody in front of it was refused: that one goes first, also where a place has become free in this very moment.
      remember(claimable.execution.id, closedTo);
      heldBack = true;
      return { kind: 'held', untilMilliseconds: null };
    }
    let current = claimable;
    for (let tries = 0; tries < mostConflicts; tries += 1) {
      const { execution } = current;
      const read = await reading.read(execution, definition);
      if ('unread' in read) return heldByUnread(execution.id, read);
      [known, isShut] = [read, false];
      const admission = {
        executionId: execution.id,
        hasBegun: execution.startedAt !== null,
        isTakeover: lost !== null,
        now: await stores.clock.now(),
      };
      const passed = await admitThrough(read.gates, admission);
      if (passed.kind === 'wait') {
        closed.add(passed.gateId);
        const ids = read.gates.map(({ rule }) => rule.id);
        remember(execution.id, ids);
        heldBack = true;
        if (passed.untilMilliseconds !== null) onWait(passed.untilMilliseconds);
        return { kind: 'held', untilMilliseconds: passed.untilMilliseconds };
      }
      const guards = [{ ...queueBookKey, expected: read.revision }];
      const fence = await take({ changes: passed.changes, guards });
      if (fence !== null) {
        rulesOf.delete(execution.id);
        if (read.gates.length > 0) holders.add(execution.id);
        return { kind: 'taken', fence };
      }
      const [again] = await claimables(stores, [execution.id]);
      if (again === undefined || isAnothers(again, current) || (await hasComeBack(stores.documents, lost))) {
        rulesOf.delete(execution.id);
        return { kind: 'lost' };
      }
      current = again;
    }
    // It is looked for again: others that go on with theirs are in the way.
    remember(current.execution.id, []);
    heldBack = true;
    onWait(conflictPause);
    return { kind: 'held', untilMilliseconds: conflictPause };
  }

  /** Nobody comes through what cannot be read: there are never more than may, and whoever can read it goes on. */
  async function heldByUnread(executionId: number, { unread: gateId, error }: Unread): Promise<GatePassing> {
    if (gateId === null) shut();
    else closed.add(gateId);
    remember(executionId, gateId === null ? [] : [gateId]);
    heldBack = true;
    await unread.tellOfGate(gateId, error);
    return { kind: 'held', untilMilliseconds: null };
  }

  function shut(): void {
    known = null;
    isShut = true;
  }

  /** What is over holds no place; that is read only where it matters. */
  async function admitThrough(gates: readonly ReadGate[], asked: Omit<Admission, 'isLive'>) {
    const first = admitAll(gates, { ...asked, isLive: () => true });
    if (first.kind === 'in' || first.isPaused) return first;
    const ids = [...new Set(gates.flatMap(({ gate }) => gate.passed.holders))];
    const damaged: [number, unknown][] = [];
    const ended = await endedOf(stores.documents, ids, (id, error) => damaged.push([id, error]));
    for (const [id, error] of damaged) await unread.tellOfHolder(id, error);
    return admitAll(gates, { ...asked, isLive: (id) => !ended.has(id) });
  }

  return {
    async refresh() {
      closed.clear();
      const read = await readBook(stores.documents);
      if ('unread' in read) {
        shut();
        await unread.tellOfGate(null, read.error);
        return false;
      }
      // What came meanwhile was held back, as by a pause.
      const isNew = isShut || (noticed !== undefined && noticed !== read.revision);
      [known, noticed, isShut] = [read, read.revision, false];
      return isNew;
    },
    forget() {
      known = null;
    },
    letGo(executionId) {
      known = null;
      remember(executionId, []);
    },
    freeOf,
    isPaused: (queue) => isShut || [queue, allQueues].some((name) => (known?.book.get(name)?.pause ?? null) !== null),
    isHeld(execution, definition) {
      // What has begun before may hold a place already.
      if (execution.startedAt !== null) return false;
      const ids = rules(execution, definition);
      const isHeld = isClosed(ids);
      if (isHeld) remember(execution.id, ids);
      return isHeld;
    },
    isKnownHeld(executionId) {
      const ids = rulesOf.get(executionId);
      if (ids === undefined) return false;
      asked.add(executionId);
      return isClosed(ids);
    },
    mayHaveHeld: (execution, definition) => rulesOf.has(execution.id) || freeOf(execution, definition) === null,
    lookedThrough() {
      for (const id of rulesOf.keys()) if (!asked.has(id)) rulesOf.delete(id);
    },
    pass(passage) {
      const passing = turn.then(() => passNow(passage));
      turn = passing.catch(() => undefined);
      return passing;
    },
    left(executionId) {
      if (!holders.delete(executionId)) return false;
      reopen();
      return true;
    },
    reopen,
    hasHeldBack() {
      const was = heldBack || rulesOf.size > 0;
      heldBack = false;
      asked.clear();
      return was;
    },
  };
}

type PassedAll =
  | { readonly kind: 'in'; readonly changes: readonly DocumentChange[] }
  | {
      readonly kind: 'wait';
      readonly gateId: string;
      readonly isPaused: boolean;
      readonly untilMilliseconds: number | null;
    };

/** Through all of them, or through none. */
function admitAll(gates: readonly ReadGate[], asked: Admission): PassedAll {
  const changes: DocumentChange[] = [];
  for (const { rule, gate, revision, holdsMore } of gates) {
    const admitted = admit(gate, asked);
    if (admitted.kind === 'wait')
      return {
        kind: 'wait',
        gateId: rule.id,
        isPaused: gate.pause !== null,
        untilMilliseconds: admitted.untilMilliseconds,
      };
    if (admitted.passed === gate.passed && !holdsMore) continue;
    const before = revision === null ? null : { revision, members: [] };
    changes.push(documentChange(before, gateDocument(rule.id, { ...admitted.passed, term: rule.term })));
  }
  return { kind: 'in', changes };
}

/** Whether another has taken it, or handed it back, since it was read. */
function isAnothers(now: Claimable, before: Claimable): boolean {
  return now.leaseRevision !== before.leaseRevision || now.executionRevision !== before.executionRevision;
}
