import { executionIndexes, instanceIndexes, memberOfId } from '../domain/document-index.ts';
import { BatchyError } from '../domain/errors.ts';
import type { BatchStatus, JobExecution, JobInstance, SkippedItem, StepExecution } from '../domain/execution.ts';
import { type DocumentChange, leaseDocument } from '../domain/execution-documents.ts';
import { isLive, moveExecution } from '../domain/execution-transitions.ts';
import { buildGraph } from '../domain/graph.ts';
import type { Json } from '../domain/json.ts';
import type { Lease } from '../domain/lease.ts';
import { type PlannedStep, planRestart } from '../domain/restart-plan.ts';
import type { Instant } from '../domain/time.ts';
import { parametersToRelaunch } from '../domain/window-parameters.ts';
import type { Workflow } from '../domain/workflow.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { IndexPage } from '../ports/document-reader.ts';
import type { Journal } from '../ports/journal.ts';
import type { StoredAnswer } from '../ports/store.ts';
import type { Answered, Caller, Commands } from './commands.ts';
import { endExecution, type Ending, endsBy, failBatchOf } from './end-execution.ts';
import { changeOf, type ExecutionRecords, type Kept } from './execution-records.ts';
import type { Jobs } from './jobs.ts';

export type { PlannedStep };

export interface ExecutionFilter {
  readonly status: BatchStatus | null;
  readonly jobName: string | null;
  readonly instanceId: number | null;
  readonly startedAfter: Instant | null;
  readonly startedBefore: Instant | null;
  /** Only executions with a smaller id, or `null`. */
  readonly beforeId: number | null;
  readonly limit: number;
}

/** The use cases of what has been launched. */
export interface Executions {
  /** @throws BatchyError `unknown-execution` */
  get(id: number): Promise<JobExecution>;
  /** Newest first. */
  list(filter: ExecutionFilter): Promise<JobExecution[]>;
  /** In the order in which they started. @throws BatchyError `unknown-execution` */
  steps(id: number): Promise<StepExecution[]>;
  context(id: number): Promise<ReadonlyMap<string, Json>>;
  skipped(id: number, page: { readonly after: number; readonly limit: number }): Promise<SkippedItem[]>;
  restartPlan(id: number): Promise<readonly PlannedStep[]>;
  /** Resolves when the execution has ended, or `seconds` have passed, or `signal` is aborted. */
  waitForEnd(id: number, seconds: number, signal: AbortSignal): Promise<JobExecution>;
  /** @throws BatchyError `illegal-transition` unless it runs */
  stop(id: number, caller: Caller, render: (execution: JobExecution) => StoredAnswer): Promise<Answered>;
  /** @throws BatchyError `illegal-transition` unless it has stopped or failed */
  abandon(id: number, caller: Caller, render: (execution: JobExecution) => StoredAnswer): Promise<Answered>;
  /** A running one whose owner is gone, or one whose outcome is unknown, becomes FAILED. @throws BatchyError `illegal-transition` */
  recover(id: number, caller: Caller, render: (execution: JobExecution) => StoredAnswer): Promise<Answered>;
  /** Launches its instance again. @throws BatchyError as `Jobs.launch`, `window-superseded` */
  restart(id: number, caller: Caller, render: (execution: JobExecution) => StoredAnswer): Promise<Answered>;
  /** Newest first. */
  instances(filter: {
    readonly jobName: string | null;
    readonly beforeId: number | null;
    readonly limit: number;
  }): Promise<JobInstance[]>;
  /** @throws BatchyError `unknown-instance` */
  instance(id: number): Promise<JobInstance>;
}

export interface ExecutionsOptions {
  readonly commands: Commands;
  readonly records: ExecutionRecords;
  readonly reader: BatchReader;
  readonly journal: Journal;
  readonly jobs: Pick<Jobs, 'get' | 'relaunch'>;
  /** Whether the conductor of that id has given no sign of life for as long as a lease lasts. May take that long to tell. */
  readonly isGone: (conductor: string) => Promise<boolean>;
  /** Tells the conductor that there is something to look at. */
  readonly onChange: () => void;
}

export function createExecutions(options: ExecutionsOptions): Executions {
  const { commands, records, reader, journal, jobs, onChange } = options;

  async function existing(id: number): Promise<Kept<JobExecution>> {
    const kept = await records.execution(id);
    if (kept === null) throw unknownExecution(id);
    return kept;
  }

  async function existingInstance(id: number): Promise<Kept<JobInstance>> {
    const kept = await records.instance(id);
    if (kept !== null) return kept;
    throw new BatchyError(
      'unknown-instance',
      `There is no job instance ${id}. GET /instances lists those that there are.`,
    );
  }

  /**
   * The revision of its lease, if its owner is gone. Asked before a change takes its turn: others would have to wait as long as it
   * takes to tell.
   */
  async function goneOwnersLease(id: number): Promise<number | null> {
    const { value } = await existing(id);
    const lease = await records.lease(id);
    if (!isLive(value.status) || lease === null || lease.value.conductor === null) return null;
    return (await options.isGone(lease.value.conductor)) ? lease.revision : null;
  }

  /** Changes an execution, and its batch with it where it ends. */
  async function change(
    id: number,
    caller: Caller,
    render: (execution: JobExecution) => StoredAnswer,
    decide: (
      kept: Kept<JobExecution>,
    ) => Promise<{ readonly ending: Ending; readonly fencedBy: DocumentChange | null }>,
  ): Promise<Answered> {
    const { batch } = (await existing(id)).value;
    const endIt = async (workflow: Workflow | null, now: Instant) => {
      const kept = await existing(id);
      const { ending, fencedBy } = await decide(kept);
      const ends = endsBy(kept.value.status, ending.events);
      const left = ends
        ? { instance: await existingInstance(kept.value.instanceId), steps: await records.keptSteps(id) }
        : null;
      const { execution, beside } = endExecution(kept, ending, left, now);
      const by = caller.name;
      const failed = ends
        ? await failBatchOf(reader, workflow, execution, { reason: ending.exitMessage, now, by })
        : null;
      const documents = fencedBy === null ? beside.documents : [...beside.documents, fencedBy];
      return { change: failed, answer: render(execution), beside: { ...beside, documents } };
    };
    const answered =
      batch === null
        ? await commands.runBeside(`execution ${id}`, caller, (now) => endIt(null, now))
        : await commands.run(batch.workflow, caller, ({ workflow, now }) => endIt(workflow, now));
    onChange();
    return answered;
  }

  return {
    get: async (id) => (await existing(id)).value,

    async list(filter) {
      const found: JobExecution[] = [];
      const page = pageOf(filter);
      let beyond = page.beyond;
      while (found.length < filter.limit) {
        const ids = await records.ids({ ...page, beyond, limit: Math.max(filter.limit, 100) });
        const matching = (await records.executions(ids)).filter((execution) => matches(execution, filter));
        found.push(...matching);
        if (ids.length < Math.max(filter.limit, 100)) break;
        beyond = memberOfId(ids.at(-1) ?? 0);
      }
      return found.slice(0, filter.limit);
    },

    async steps(id) {
      await existing(id);
      return records.steps(id);
    },

    async context(id) {
      await existing(id);
      return (await records.context(id))?.value ?? new Map();
    },

    async skipped(id, page) {
      await existing(id);
      return records.skipped(id, page);
    },

    async restartPlan(id) {
      const { value: execution } = await existing(id);
      const { value: instance } = await existingInstance(execution.instanceId);
      const { definition } = await jobs.get(execution.jobName);
      const last = instance.lastExecutionId === null ? null : await records.execution(instance.lastExecutionId);
      return planRestart({
        definition,
        graph: buildGraph(definition),
        steps: instance.steps,
        stepExecutions: await records.latestSteps(instance),
        forced: false,
        executionId: isLive(execution.status) ? id : null,
        lastCompleted: last?.value.status === 'COMPLETED',
      }).steps;
    },

    async waitForEnd(id, seconds, signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
      let heard = Promise.withResolvers<void>();
      const unsubscribe = journal.subscribe(() => heard.resolve());
      const giveUp = (): void => heard.resolve();
      deadline.addEventListener('abort', giveUp);
      try {
        for (;;) {
          const { value } = await existing(id);
          if (!isLive(value.status) || deadline.aborted) return value;
          await heard.promise;
          heard = Promise.withResolvers();
        }
      } finally {
        deadline.removeEventListener('abort', giveUp);
        unsubscribe();
      }
    },

    stop: (id, caller, render) =>
      change(id, caller, render, async ({ value }) => {
        const lease = await records.lease(id);
        const isOwned = lease !== null && lease.value.conductor !== null;
        const ending: Ending = {
          events: isOwned ? ['stop'] : ['stop', 'halt'],
          exitMessage: value.exitMessage === '' ? `stopped by ${caller.name}` : value.exitMessage,
          by: caller.name,
        };
        // Nobody may take it while it is stopped in its stead.
        return { ending, fencedBy: isOwned ? null : takenBy(id, lease, null, value.updatedAt) };
      }),

    abandon: (id, caller, render) =>
      change(id, caller, render, async ({ value }) => ({
        ending: { events: ['abandon'], exitMessage: value.exitMessage, by: caller.name },
        fencedBy: null,
      })),

    async recover(id, caller, render) {
      const gone = await goneOwnersLease(id);
      return change(id, caller, render, async ({ value }) => {
        const lease = await records.lease(id);
        const owner = lease?.value.conductor ?? null;
        if (isLive(value.status) && lease !== null && owner !== null && lease.revision !== gone)
          throw stillOwned(id, owner);
        return {
          ending: {
            events: ['recover'],
            exitMessage: `recovered by ${caller.name}: the owner was gone`,
            by: caller.name,
          },
          fencedBy: takenBy(id, lease, null, value.updatedAt),
        };
      });
    },

    async restart(id, caller, render) {
      const { value: execution } = await existing(id);
      if (isLive(execution.status) || execution.status === 'ABANDONED' || execution.status === 'UNKNOWN')
        moveExecution(execution.status, 'start');
      return jobs.relaunch(
        execution.jobName,
        parametersToRelaunch(execution.parameters, execution.batch),
        execution.batch,
        caller,
        render,
      );
    },

    async instances({ jobName, beforeId, limit }) {
      const ids = await records.ids({
        index: jobName === null ? instanceIndexes.all : instanceIndexes.ofJob(jobName),
        prefix: '',
        direction: 'descending',
        beyond: beforeId === null ? null : memberOfId(beforeId),
        limit,
      });
      return records.instances(ids);
    },
    instance: async (id) => (await existingInstance(id)).value,
  };
}

/** The lease passes on: whoever had it can write nothing more. */
function takenBy(
  executionId: number,
  lease: Kept<Lease> | null,
  conductor: string | null,
  takenAt: Instant,
): DocumentChange {
  return changeOf(lease, leaseDocument({ executionId, conductor, takenAt }));
}

/** The narrowest index that the filter allows; the rest of it is looked at one by one. */
function pageOf({ instanceId, jobName, status, beforeId }: ExecutionFilter): Omit<IndexPage, 'limit'> {
  const index =
    instanceId !== null
      ? executionIndexes.ofInstance(instanceId)
      : jobName !== null
        ? executionIndexes.ofJob(jobName)
        : status !== null
          ? executionIndexes.ofStatus(status)
          : executionIndexes.all;
  return { index, prefix: '', direction: 'descending', beyond: beforeId === null ? null : memberOfId(beforeId) };
}

function matches({ status, jobName, instanceId, startedAt }: JobExecution, filter: ExecutionFilter): boolean {
  if (filter.status !== null && status !== filter.status) return false;
  if (filter.jobName !== null && jobName !== filter.jobName) return false;
  if (filter.instanceId !== null && instanceId !== filter.instanceId) return false;
  if (filter.startedAfter !== null && (startedAt === null || startedAt <= filter.startedAfter)) return false;
  return filter.startedBefore === null || (startedAt !== null && startedAt < filter.startedBefore);
}

function unknownExecution(id: number): BatchyError {
  return new BatchyError(
    'unknown-execution',
    `There is no execution ${id}. GET /executions lists those that there are.`,
  );
}

function stillOwned(id: number, owner: string): BatchyError {
  return new BatchyError(
    'illegal-transition',
    `Execution ${id} runs: its conductor ${owner} gives signs of life. Stop it instead, or wait until the conductor is gone.`,
    { facts: { conductor: owner } },
  );
}
