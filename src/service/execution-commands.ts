import { BatchyError } from '../domain/errors.ts';
import type { JobExecution, JobInstance } from '../domain/execution.ts';
import { type DocumentChange, documentKeys, leaseDocument } from '../domain/execution-documents.ts';
import { isLive, moveExecution } from '../domain/execution-transitions.ts';
import { isDecided } from '../domain/handled-failure.ts';
import type { JobDefinition } from '../domain/job.ts';
import type { Lease } from '../domain/lease.ts';
import { partRemoval } from '../domain/part.ts';
import { replayOf } from '../domain/replay.ts';
import type { Instant } from '../domain/time.ts';
import type { Urgency } from '../domain/urgency.ts';
import type { Workflow } from '../domain/workflow.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { DocumentGuard, StoredAnswer } from '../ports/store.ts';
import type { Answered, Caller, Commands } from './commands.ts';
import { endExecution, type Ending, endsBy, failBatchOf } from './end-execution.ts';
import { changeOf, type ExecutionRecords, type Kept } from './execution-records.ts';
import type { Jobs } from './jobs.ts';
import type { Replays } from './replays.ts';

type Render = (execution: JobExecution) => StoredAnswer;

/** What an operator does with an execution. */
export interface ExecutionCommands {
  /**
   * Asks it to stop; one that nobody has, or will ever have, has stopped at once. @throws BatchyError `illegal-transition` unless it runs
   */
  stop(id: number, caller: Caller, render: Render): Promise<Answered>;
  /** @throws BatchyError `illegal-transition` unless it has stopped or failed, and is the last of its instance */
  abandon(id: number, caller: Caller, render: Render): Promise<Answered>;
  /**
   * Has what has failed in it for good tried anew while other branches run: what was defaulted by that waits for it again.
   * What a decision of the job has taken is none of that.
   * @throws BatchyError `illegal-transition` unless it runs and something of it has failed
   */
  revive(id: number, caller: Caller, render: Render): Promise<Answered>;
  /**
   * A running one whose owner is gone, or one whose outcome is unknown, becomes FAILED.
   * @throws BatchyError `illegal-transition`, for one that only waits as well
   */
  recover(id: number, caller: Caller, render: Render): Promise<Answered>;
  /** Launches its instance again. @throws BatchyError as `Jobs.launch`, `window-superseded` */
  restart(id: number, caller: Caller, render: Render, urgency?: Urgency): Promise<Answered>;
}

interface Decided {
  readonly ending: Ending;
  /** The lease, where it passes on. */
  readonly fencedBy: DocumentChange | null;
  /** What must not have changed meanwhile. */
  readonly guards?: readonly DocumentGuard[];
}

export interface ExecutionCommandsOptions {
  readonly commands: Commands;
  readonly records: ExecutionRecords;
  readonly reader: BatchReader;
  readonly jobs: Pick<Jobs, 'get' | 'relaunch' | 'whyMissing'>;
  readonly replays: Pick<Replays, 'restart'>;
  /** Whether the conductor of that id has given no sign of life for as long as a lease lasts: only then it is told. */
  readonly isGone: (conductor: string) => Promise<boolean>;
  /** Tells the conductor that there is something to look at. */
  readonly onChange: () => void;
}

/** Why there is no definition of a job. */
const unreadable: ReadonlySet<string> = new Set(['unknown-job-definition', 'invalid-job', 'jobs-not-ready']);

export function createExecutionCommands(options: ExecutionCommandsOptions): ExecutionCommands {
  const { commands, records, reader, jobs, replays, onChange } = options;

  /**
   * The revision of its lease, if its owner is gone. Asked before a change takes its turn: others would have to wait as long as it
   * takes to tell.
   */
  async function goneOwnersLease(id: number): Promise<number | null> {
    const { value } = await existingExecution(records, id);
    const lease = await records.lease(id);
    if (!isLive(value.status) || lease === null || lease.value.conductor === null) return null;
    return (await options.isGone(lease.value.conductor)) ? lease.revision : null;
  }

  /** To abandon is to give up an instance: one that another execution has gone on with is given up by that one. */
  async function lastOfInstance({ id, instanceId, status }: JobExecution): Promise<DocumentGuard> {
    moveExecution(status, 'abandon');
    const instance = await existingInstance(records, instanceId);
    const { lastExecutionId } = instance.value;
    const last = lastExecutionId === null || lastExecutionId === id ? null : await records.execution(lastExecutionId);
    if (last === null || status === 'ABANDONED')
      return { ...documentKeys.instance(instanceId), expected: instance.revision };
    throw new BatchyError(
      'illegal-transition',
      `Execution ${id} is not the last of its instance: execution ${last.value.id} went on with it and is ${last.value.status}. To give the instance up, abandon that one.`,
      { facts: { execution_id: last.value.id, status } },
    );
  }

  /** `null` where its file is missing or broken, or is not read yet: that keeps nobody from what needs no definition. */
  async function definitionOf({ jobName }: JobExecution): Promise<JobDefinition | null> {
    try {
      return (await jobs.get(jobName)).definition;
    } catch (error) {
      if (error instanceof BatchyError && unreadable.has(error.code)) return null;
      throw error;
    }
  }

  /** Changes an execution, and its batch with it where it ends. */
  async function change(
    id: number,
    caller: Caller,
    render: Render,
    decide: (kept: Kept<JobExecution>) => Promise<Decided>,
  ): Promise<Answered> {
    const { batch } = (await existingExecution(records, id)).value;
    const endIt = async (workflow: Workflow | null, now: Instant) => {
      const kept = await existingExecution(records, id);
      const { ending, fencedBy, guards = [] } = await decide(kept);
      const ends = endsBy(kept.value.status, ending.events);
      const left = ends
        ? { instance: await existingInstance(records, kept.value.instanceId), steps: await records.keptSteps(id) }
        : null;
      const { execution, beside } = endExecution(kept, ending, left, now);
      const by = caller.name;
      const failed = ends
        ? await failBatchOf(reader, workflow, execution, { reason: ending.exitMessage, now, by })
        : null;
      // Others run parts of it no more; what they begin meanwhile must be known first.
      const parts = ends ? await records.parts(id) : [];
      const rows = new Set(left?.steps.map(({ value }) => value.id));
      const begun = parts
        .filter(({ part }) => !rows.has(part.stepExecutionId))
        .map(({ part }) => ({ ...documentKeys.step(id, part.stepExecutionId), expected: null }));
      const documents = [...beside.documents, ...(fencedBy === null ? [] : [fencedBy]), ...parts.map(partRemoval)];
      return {
        change: failed,
        answer: render(execution),
        beside: { ...beside, documents, guards: [...guards, ...begun] },
      };
    };
    const answered =
      batch === null
        ? await commands.runBeside(`execution ${id}`, caller, (now) => endIt(null, now))
        : await commands.run(batch.workflow, caller, ({ workflow, now }) => endIt(workflow, now));
    onChange();
    return answered;
  }

  return {
    async stop(id, caller, render) {
      const { value: execution } = await existingExecution(records, id);
      // Whoever takes it over stops it. Where nobody can, it would be STOPPING for ever.
      const gone = jobs.whyMissing(execution.jobName) === null ? null : await goneOwnersLease(id);
      return change(id, caller, render, async ({ value }) => {
        const lease = await records.lease(id);
        const isOwned = lease !== null && lease.value.conductor !== null && lease.revision !== gone;
        const ending: Ending = {
          events: isOwned ? ['stop'] : ['stop', 'halt'],
          exitMessage: value.exitMessage === '' ? `stopped by ${caller.name}` : value.exitMessage,
          by: caller.name,
        };
        // Nobody may take it while it is stopped in its stead.
        return { ending, fencedBy: isOwned ? null : takenBy(id, lease, null, value.updatedAt) };
      });
    },

    async revive(id, caller, render) {
      // Read before the change takes its turn: others would have to wait until the job files are read.
      const definition = await definitionOf((await existingExecution(records, id)).value);
      return change(id, caller, render, async ({ value }) => {
        moveExecution(value.status, 'revive');
        const latest = new Map((await records.steps(id)).map((step) => [step.stepName, step]));
        if ([...latest.values()].some(({ flow }) => flow !== undefined))
          throw new BatchyError(
            'illegal-transition',
            `Execution ${id} is of a flow: its retry controllers say what is tried again, nobody else. Wait for its end, then restart it.`,
            { facts: { status: value.status, event: 'revive' } },
          );
        const failed = [...latest.values()].filter(({ status }) => status === 'FAILED');
        const revived = failed.filter((step) => definition === null || !isDecided(definition, step));
        if (revived.length === 0)
          throw new BatchyError(
            'illegal-transition',
            failed.length === 0
              ? `Nothing of execution ${id} has failed yet that could be revived. GET /executions/${id}/steps tells what runs.`
              : `What has failed of execution ${id} was taken by decisions of the job, which say what comes after it (${failed.map(({ stepName }) => stepName).join(', ')}); nothing is to be revived.`,
            { facts: { status: value.status, event: 'revive' } },
          );
        const ending: Ending = {
          events: ['revive'],
          exitMessage: value.exitMessage,
          by: caller.name,
          revived: revived.map((step) => step.id),
        };
        return { ending, fencedBy: null };
      });
    },

    abandon: (id, caller, render) =>
      change(id, caller, render, async ({ value }) => {
        const guards = [await lastOfInstance(value)];
        const ending: Ending = { events: ['abandon'], exitMessage: value.exitMessage, by: caller.name };
        return { ending, fencedBy: null, guards };
      }),

    async recover(id, caller, render) {
      const gone = await goneOwnersLease(id);
      return change(id, caller, render, async ({ value }) => {
        const lease = await records.lease(id);
        const owner = lease?.value.conductor ?? null;
        if (isLive(value.status) && lease !== null && owner !== null && lease.revision !== gone)
          throw stillOwned(id, owner);
        // One that was handed back has begun, and may have written something.
        if (value.status === 'STARTING' && owner === null && value.startedAt === null) throw neverBegun(id);
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

    async restart(id, caller, render, urgency = {}) {
      const { value: execution } = await existingExecution(records, id);
      if (isLive(execution.status) || execution.status === 'ABANDONED' || execution.status === 'UNKNOWN')
        moveExecution(execution.status, 'start');
      if (replayOf(execution.parameters) !== null) return replays.restart(execution, urgency, caller, render);
      return jobs.relaunch(execution, { urgency }, caller, render);
    },
  };
}

/** @throws BatchyError `unknown-execution` */
export async function existingExecution(records: ExecutionRecords, id: number): Promise<Kept<JobExecution>> {
  const kept = await records.execution(id);
  if (kept === null) throw unknownExecution(id);
  return kept;
}

/** @throws BatchyError `unknown-instance` */
export async function existingInstance(records: ExecutionRecords, id: number): Promise<Kept<JobInstance>> {
  const kept = await records.instance(id);
  if (kept !== null) return kept;
  throw new BatchyError(
    'unknown-instance',
    `There is no job instance ${id}. GET /instances lists those that there are.`,
  );
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

function neverBegun(id: number): BatchyError {
  return new BatchyError(
    'illegal-transition',
    `Execution ${id} only waits: nobody has begun it, so no owner of it can be gone. GET /executions/${id} says what it awaits; to end it, stop it.`,
    { facts: { status: 'STARTING', event: 'recover' } },
  );
}
