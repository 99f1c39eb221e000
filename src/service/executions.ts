import { executionIndexes, idOfMember, instanceIndexes, memberOfId, memberOfStart } from '../domain/document-index.ts';
import type { BatchStatus, JobExecution, JobInstance, StepExecution } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { buildGraph } from '../domain/graph.ts';
import type { Json } from '../domain/json.ts';
import { withLatest } from '../domain/latest-steps.ts';
import { definitionFor } from '../domain/replay.ts';
import { type PlannedStep, planRestart } from '../domain/restart-plan.ts';
import { defaultQueue } from '../domain/work.ts';
import { ceilToMicrosecond, formatInstant, type Instant } from '../domain/time.ts';
import type { IndexPage } from '../ports/document-reader.ts';
import type { Journal } from '../ports/journal.ts';
import type { Stores } from '../ports/stores.ts';
import {
  createExecutionCommands,
  type ExecutionCommands,
  type ExecutionCommandsOptions,
  existingExecution,
  existingInstance,
} from './execution-commands.ts';
import type { Conductors } from './conductors.ts';
import { isWindowInDoubt } from './disowned-execution.ts';
import { flowRestartPlan, type FlowView, flowView } from './flow-executions.ts';
import type { ExecutionRecords, Kept, KeptSkip } from './execution-records.ts';
import type { Jobs } from './jobs.ts';
import { whyHeld } from './queue-records.ts';
import { partOwners, whyPartsWait } from './offered-parts.ts';
import { createReplays, type Replays, type ReplaysOptions } from './replays.ts';
import { listSkipped, type SkippedPage } from './skipped-items.ts';

export type { FlowView, PlannedStep };

export interface ExecutionFilter {
  readonly status: BatchStatus | null;
  readonly jobName: string | null;
  readonly instanceId: number | null;
  /** Only what waits or runs in this queue: of what is over no index tells it, and to look would cost more with each day. */
  readonly queue: string | null;
  readonly startedAfter: Instant | null;
  readonly startedBefore: Instant | null;
  /** The place of the last execution of the page before (`placeOf`), or `null`. */
  readonly beyond: number | string | null;
  readonly limit: number;
}

/** Lists that ask when executions started are in the order in which they did, so that none of the others is looked at. */
export function listsByStart({
  status,
  instanceId,
  queue,
  startedAfter,
  startedBefore,
}: Pick<ExecutionFilter, 'status' | 'instanceId' | 'queue' | 'startedAfter' | 'startedBefore'>): boolean {
  if (startedAfter === null && startedBefore === null) return false;
  // Of an instance, and of those that run, there are few.
  return instanceId === null && queue === null && (status === null || !isLive(status));
}

/** Where a list goes on behind an execution: its id, or in a list by start a text that sorts as the starts do. */
export function placeOf({ id, startedAt }: JobExecution, byStart: boolean): number | string {
  return byStart && startedAt !== null ? memberOfStart(startedAt, id) : id;
}

/** The use cases of what has been launched. */
export interface Executions extends ExecutionCommands {
  /** @throws BatchyError `unknown-execution` */
  get(id: number): Promise<JobExecution>;
  /** Who runs a step of it, by step execution, where that may be another than has the execution. */
  partOwners(id: number): Promise<ReadonlyMap<number, string>>;
  /** What keeps others from going on with it, should its owner be gone: its job's file is missing or broken, nobody has what it needs, its time has not come, or a gate holds it back. `null`: nothing does. */
  awaits(execution: JobExecution): Promise<string | null>;
  /** Newest first: by id, or by start (`listsByStart`). */
  list(filter: ExecutionFilter): Promise<JobExecution[]>;
  /** In the order in which they started. @throws BatchyError `unknown-execution` */
  steps(id: number): Promise<StepExecution[]>;
  context(id: number): Promise<ReadonlyMap<string, Json>>;
  skipped(id: number, page: SkippedPage): Promise<KeptSkip[]>;
  /** Has what a chunk step has left out run once more. @throws BatchyError as `Replays.replay` */
  replay: Replays['replay'];
  /** What its tasks are, where it is of a flow that somebody has picked up, else `null`. @param steps of the execution */
  flowView(execution: JobExecution, steps: readonly StepExecution[]): Promise<FlowView | null>;
  restartPlan(id: number): Promise<readonly PlannedStep[]>;
  /** Resolves when the execution has ended, or `seconds` have passed, or `signal` is aborted. */
  waitForEnd(id: number, seconds: number, signal: AbortSignal): Promise<JobExecution>;
  /** Newest first. */
  instances(filter: {
    readonly jobName: string | null;
    readonly beforeId: number | null;
    readonly limit: number;
  }): Promise<JobInstance[]>;
  /** @throws BatchyError `unknown-instance` */
  instance(id: number): Promise<JobInstance>;
}

export interface ExecutionsOptions extends Omit<ExecutionCommandsOptions, 'replays'> {
  readonly journal: Journal;
  readonly jobs: Pick<Jobs, 'get' | 'relaunch' | 'whyMissing' | 'capabilitiesOf' | 'maxRunningOf'>;
  readonly conductors: Pick<Conductors, 'canRun' | 'leavesOut'>;
  readonly stores: Pick<Stores, 'documents' | 'clock'>;
  readonly handingOver: ReplaysOptions['handingOver'];
}

export function createExecutions(options: ExecutionsOptions): Executions {
  const { records, journal, jobs, conductors, stores } = options;
  const replays = createReplays(options);
  const existing = (id: number): Promise<Kept<JobExecution>> => existingExecution(records, id);

  return {
    ...createExecutionCommands({ ...options, replays }),
    replay: (id, asked, caller, render) => replays.replay(id, asked, caller, render),
    get: async (id) => (await existing(id)).value,
    partOwners: (id) => partOwners(records, id),
    async awaits(execution) {
      const { id, status, jobName } = execution;
      if (!isLive(status)) return null;
      const why = jobs.whyMissing(jobName);
      if (why !== null) return `its job: ${why}. Mend that, or end the execution by a stop`;
      const required = jobs.capabilitiesOf(jobName);
      if (required.length > 0 && !(await conductors.canRun(required)))
        return `a conductor with ${required.join(', ')}: none online`;
      if (((await records.lease(id))?.value.conductor ?? null) !== null) return whyPartsWait(records, conductors, id);
      const { queue = defaultQueue } = execution;
      if (await conductors.leavesOut(queue)) return `a conductor of queue ${queue}: those online have other QUEUES`;
      const held = await whyHeld(stores.documents, execution, jobs.maxRunningOf(jobName), await stores.clock.now());
      if (held !== null || required.length === 0) return held;
      // What is asked may say no for now, and nothing tells of that but this.
      return `a conductor with ${required.join(', ')}: of those online that may have it none has begun it yet`;
    },

    async list(filter) {
      const found: JobExecution[] = [];
      const page = pageOf(filter);
      const stride = Math.max(filter.limit, 100);
      for (let { beyond } = page; found.length < filter.limit;) {
        const members = await records.members({ ...page, beyond, limit: stride });
        const executions = await records.executions(members.map(idOfMember));
        found.push(...executions.filter((execution) => matches(execution, filter)));
        beyond = members.at(-1) ?? null;
        if (members.length < stride || (beyond ?? '') < page.end) break;
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
      return listSkipped(records, id, page);
    },

    flowView: (execution, steps) => flowView(records, execution, steps),

    async restartPlan(id) {
      const { value: execution } = await existing(id);
      const { value: known } = await existingInstance(records, execution.instanceId);
      const definition = definitionFor((await jobs.get(execution.jobName)).definition, execution.parameters);
      // Of one that runs: what is left of it, as its engine sees it; else what a launch would do after the last.
      const live = isLive(execution.status);
      const instance = live ? withLatest(known, await records.steps(id)) : known;
      const lastId = live ? (execution.previousId ?? null) : instance.lastExecutionId;
      const last = lastId === null ? null : await records.execution(lastId);
      const isWhole = !live && last !== null && (await isRunWhole(records, last.value, instance));
      const steps =
        definition.isFlow === true
          ? await flowRestartPlan(records, { execution, instance, last: last?.value ?? null, isWhole })
          : planRestart({
              definition,
              graph: buildGraph(definition),
              steps: isWhole ? new Map() : instance.steps,
              stepExecutions: await records.latestSteps(instance),
              forced: false,
              deselected: (live ? execution : last?.value)?.deselected ?? [],
              revived: execution.revived ?? [],
              executionId: live ? id : null,
              lastCompleted: last?.value.status === 'COMPLETED',
            }).steps;
      return isWhole ? steps.map((step) => ({ ...step, why: 'the window is run whole, as another instance' })) : steps;
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
    instance: async (id) => (await existingInstance(records, id)).value,
  };
}

interface Walk extends Omit<IndexPage, 'limit'> {
  /** Nothing that sorts before this is wanted. */
  readonly end: string;
}

/** The narrowest index that the filter allows; the rest of it is looked at one by one. */
function pageOf(filter: ExecutionFilter): Walk {
  const { beyond, startedAfter, startedBefore } = filter;
  const all = { prefix: '', direction: 'descending', end: '' } as const;
  if (listsByStart(filter)) {
    // An instant without an id sorts before all members that begin with it.
    const from = startedBefore === null ? null : formatInstant(ceilToMicrosecond(startedBefore));
    const end = startedAfter === null ? '' : formatInstant(startedAfter);
    return { ...all, index: executionIndexes.started, beyond: typeof beyond === 'string' ? beyond : from, end };
  }
  return { ...all, index: narrowestIndex(filter), beyond: typeof beyond === 'number' ? memberOfId(beyond) : null };
}

function narrowestIndex({ instanceId, jobName, status, queue }: ExecutionFilter): string {
  if (instanceId !== null) return executionIndexes.ofInstance(instanceId);
  if (queue !== null || (status !== null && isLive(status)))
    return jobName === null ? executionIndexes.live : executionIndexes.liveOfJob(jobName);
  if (jobName !== null) return executionIndexes.ofJob(jobName);
  return status === null ? executionIndexes.all : executionIndexes.ofStatus(status);
}

function matches(execution: JobExecution, filter: ExecutionFilter): boolean {
  const { status, jobName, instanceId, startedAt, queue = defaultQueue } = execution;
  if (filter.queue !== null && (queue !== filter.queue || !isLive(status))) return false;
  if (filter.status !== null && status !== filter.status) return false;
  if (filter.jobName !== null && jobName !== filter.jobName) return false;
  if (filter.instanceId !== null && instanceId !== filter.instanceId) return false;
  if (filter.startedAfter !== null && (startedAt === null || startedAt <= filter.startedAfter)) return false;
  return filter.startedBefore === null || (startedAt !== null && startedAt < filter.startedBefore);
}

/** Whether a launch of the window of a bound job takes nothing along of what its instance has done. */
async function isRunWhole(
  records: ExecutionRecords,
  { status, batch }: JobExecution,
  instance: JobInstance,
): Promise<boolean> {
  if (batch === null || status === 'COMPLETED') return false;
  return status === 'ABANDONED' || isWindowInDoubt(records, batch, instance);
}
