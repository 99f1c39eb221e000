import { isStoreAwayOrFull } from '../../domain/errors.ts';
import { documentKeys } from '../../domain/execution-documents.ts';
import type { JobDefinition, StepDefinition } from '../../domain/job.ts';
import type { Json } from '../../domain/json.ts';
import { hasParts, type Part, partDocument, partsOfExecution, type StoredPart } from '../../domain/part.ts';
import { isLive } from '../../domain/execution-transitions.ts';
import { defaultQueue } from '../../domain/work.ts';
import type { ExecutionSession } from '../execution-session.ts';
import { movedEntry } from '../journal-entries.ts';
import type { RunningExecution } from '../running-execution.ts';
import type { NodeOutcome } from '../../domain/graph.ts';
import type { PartOutcome } from '../steps/partition.ts';
import type { ConductorParts } from './conductor-parts.ts';

/** What is offered: a step, or a partition of one. */
export interface Offer {
  readonly stepName: string;
  readonly definition: StepDefinition;
  readonly partition: Json;
  readonly checkpoint: Json;
}

/** Where a part is. `ended`: with its row read. `gone`: nobody has it, nor has begun it. */
export type Whereabouts =
  | { readonly kind: 'ended'; readonly outcome: NodeOutcome & PartOutcome }
  | { readonly kind: 'gone' }
  | { readonly kind: 'there'; readonly stored: StoredPart; readonly holder: Holder };

/** `nobody`: it is offered. `lost`: its conductor gives no sign of life. `here`: it is run in this process. */
export type Holder = 'nobody' | 'lost' | 'here' | 'elsewhere';

/** How the owner of an execution has others run parts of it. */
export interface Sharing {
  /** Parts of a step that were offered, or taken, before the execution ran here. Told once: whoever asks sees to them. */
  earlier(step: string): Promise<readonly StoredPart[]>;
  /** How many others are online that could take a part of a step, as far as they tell. */
  others(definition: StepDefinition): Promise<number>;
  /** Whether this conductor may ever have what the step needs; what a step needs that is not distributed, whoever owns the execution has. */
  mayRunHere(definition: StepDefinition): boolean;
  /** Whether it has it now. */
  canRunHere(definition: StepDefinition): Promise<boolean>;
  /** Offers parts, in one commit. @throws as `RunningExecution.commit` */
  offer(running: RunningExecution, offers: readonly Offer[]): Promise<StoredPart[]>;
  /** Looks where they are now, in their order. */
  look(parts: readonly StoredPart[]): Promise<Whereabouts[]>;
  /** Runs a part here that nobody has. @returns `null` where somebody was faster, or it is not to go on here */
  runHere(stored: StoredPart, running: RunningExecution): Promise<PartOutcome | null>;
  /** Takes back what nobody has ever taken. @returns whether nobody can take it any more */
  retract(stored: StoredPart): Promise<boolean>;
  /** Takes a part away from whoever has it, without running it. @returns whether nobody else can write of it any more */
  revoke(stored: StoredPart): Promise<boolean>;
  /** The same of all parts of the execution, before it ends: what is stored of them by then is known. @throws OwnershipLost */
  revokeAll(): Promise<void>;
  /** Resolves when something has happened somewhere, or some time has passed. */
  heard(): Promise<void>;
  /** Something of the execution runs here. @returns what is to be called when it does no more */
  works(): () => void;
  /** Whether something of it runs here. */
  isWorking(): boolean;
  /** Something of the execution is waited for that others run. @returns as `works` */
  waits(): () => void;
  end(): void;
}

/** Between two steps that run here one after the other nothing runs, for a moment. */
const pauseMilliseconds = 200;

export function createSharing(session: ExecutionSession, job: JobDefinition, parts: ConductorParts): Sharing {
  const { stores, timers, store } = parts;
  const { execution } = session.state;
  const { id: executionId } = execution;
  const wasBegun = execution.startedAt !== null;
  /** Whoever stood still for long must not take away what another owner has offered since. */
  const lease = { ...documentKeys.lease(executionId), expected: session.fence };
  const isShareable = hasParts(job);
  let found: Promise<Map<number, StoredPart>> | null = null;
  let hasOffered = false;
  let working = 0;
  let waiting = 0;
  let cancelIdle = (): void => {};

  const requiredBy = (definition: StepDefinition): string[] => [
    ...new Set([...(job.capabilities ?? []), ...(definition.capabilities ?? [])]),
  ];

  /** What another owner has left. Their rows are read after them: so what was stored of a part that is over is known. */
  async function readEarlier(): Promise<Map<number, StoredPart>> {
    const listed = await session.patiently(() => store.list(partsOfExecution(executionId)));
    await session.reload();
    return new Map(listed.map((stored) => [stored.part.stepExecutionId, stored]));
  }

  function settleIdle(): void {
    cancelIdle();
    if (working > 0 || waiting === 0) return parts.setWaiting(executionId, false);
    cancelIdle = timers.after(pauseMilliseconds, () => parts.setWaiting(executionId, true));
  }

  function outcomeOf({ stepName, stepExecutionId }: Part): Whereabouts {
    const row = session.state.steps.get(stepName);
    if (row?.id !== stepExecutionId || isLive(row.status)) return { kind: 'gone' };
    const status = row.status === 'COMPLETED' ? 'completed' : row.status === 'STOPPED' ? 'stopped' : 'failed';
    return { kind: 'ended', outcome: { status, exitCode: row.exitCode, message: row.exitMessage } };
  }

  function holderOf({ part: { conductor, stepExecutionId } }: StoredPart): Holder {
    if (parts.runs.has(stepExecutionId)) return 'here';
    if (conductor === null) return 'nobody';
    return parts.lost(conductor) === undefined ? 'elsewhere' : 'lost';
  }

  async function revoke(stored: StoredPart): Promise<boolean> {
    return session.patiently(async () => {
      const [now = null] = await store.get([stored.part]);
      if (now === null) return true;
      const [withExecution] = await store.withExecutions([now]);
      return withExecution !== undefined && (await store.take(withExecution, false, [lease])) !== null;
    });
  }

  return {
    async earlier(step) {
      if (!wasBegun) return [];
      found ??= readEarlier();
      const all = await found;
      const ofStep = [...all.values()].filter(({ part }) => part.step === step);
      for (const { part } of ofStep) all.delete(part.stepExecutionId);
      return ofStep;
    },
    others(definition) {
      const { jobName, queue = defaultQueue } = execution;
      return session.patiently(() => parts.others({ jobName, queue, capabilities: requiredBy(definition) }));
    },
    mayRunHere: (definition) => definition.distributed !== true || parts.capabilities.mayHave(requiredBy(definition)),
    canRunHere: async (definition) =>
      definition.distributed !== true ||
      parts.capabilities.ask(requiredBy(definition), { ...execution, executionId: execution.id }),
    async offer(running, offers) {
      const first = await session.patiently(() => stores.documents.reserve('step', offers.length));
      const since = await session.patiently(() => stores.clock.now());
      const { instanceId, jobName, queue = defaultQueue } = execution;
      const about = { executionId, jobName, instanceId, queue, conductor: null, since, takeovers: 0 };
      const offered = offers.map(({ stepName, definition, partition, checkpoint }, place): Part => {
        const { name: step } = definition;
        const capabilities = requiredBy(definition);
        return { ...about, stepExecutionId: first + place, stepName, step, partition, checkpoint, capabilities };
      });
      hasOffered = true;
      await running.commit((state) => ({
        beside: offered.map((part) => ({ before: null, after: partDocument(part) })),
        // Those who might take them look when the journal tells of something.
        journal: offered.map(({ stepName }) =>
          movedEntry(state.execution, {
            stepName,
            before: null,
            after: 'STARTING',
            at: since,
            by: parts.by,
            reason: null,
          }),
        ),
      }));
      return offered.map((part) => ({ part, revision: 1 }));
    },
    async look(looked) {
      const now = await session.patiently(() => store.get(looked.map(({ part }) => part)));
      const over = looked.filter((_stored, place) => now[place] === null);
      if (over.length > 0) await session.readSteps(over.map(({ part }) => part.stepExecutionId));
      return looked.map(({ part }, place): Whereabouts => {
        const stored = now[place] ?? null;
        return stored === null ? outcomeOf(part) : { kind: 'there', stored, holder: holderOf(stored) };
      });
    },
    async runHere(stored, running) {
      const [withExecution] = await session.patiently(() => store.withExecutions([stored]));
      if (withExecution === undefined) return null;
      const handBack = new AbortController();
      // Whatever else ends it ends it there as well.
      const pass = (): void => {
        if (running.cannotGoOn() !== undefined) handBack.abort();
      };
      running.aborted.addEventListener('abort', pass);
      pass();
      try {
        const { conductor } = stored.part;
        const lost = conductor === null ? null : parts.lost(conductor);
        // It has come back meanwhile.
        if (lost === undefined) return null;
        const result = await parts.runs.see(withExecution, running.job, { lost, handBack: handBack.signal });
        if (result === 'elsewhere' || result === 'refused') return null;
        await session.readSteps([stored.part.stepExecutionId]);
        return result;
      } catch (error) {
        // What was taken by then is found in our name, and gone on with, when the store is there again, or has room.
        if (isStoreAwayOrFull(error)) return null;
        throw error;
      } finally {
        running.aborted.removeEventListener('abort', pass);
      }
    },
    retract: (stored) => session.patiently(() => store.remove(stored, [lease])),
    revoke,
    async revokeAll() {
      if (!hasOffered && !(wasBegun && isShareable)) return;
      for (;;) {
        const left = await session.patiently(() => store.list(partsOfExecution(executionId)));
        const revoked = await Promise.all(left.map(revoke));
        if (revoked.every(Boolean)) break;
        // Somebody was faster; or it is ours no more, or over: of such a one nothing can be taken away, and this says so.
        await session.patiently(() => session.refresh());
      }
      await session.reload();
    },
    heard: () => parts.heard(),
    works() {
      let isOver = false;
      working += 1;
      settleIdle();
      return () => {
        if (isOver) return;
        isOver = true;
        working -= 1;
        settleIdle();
      };
    },
    isWorking: () => working > 0,
    waits() {
      let isOver = false;
      waiting += 1;
      settleIdle();
      return () => {
        if (isOver) return;
        isOver = true;
        waiting -= 1;
        settleIdle();
      };
    },
    end() {
      cancelIdle();
      parts.setWaiting(executionId, false);
    },
  };
}
