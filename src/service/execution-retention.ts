import { decodeWorkflow } from '../domain/workflow.ts';
import { executionIndexes, instanceIndexes, memberOfId } from '../domain/document-index.ts';
import { BatchyError } from '../domain/errors.ts';
import type { JobExecution, JobInstance } from '../domain/execution.ts';
import { documentChange, documentKeys, documentRemoval } from '../domain/execution-documents.ts';
import { remainsDocument } from '../domain/execution-remains.ts';
import { isLongOver, isNeededBy, isOver, neededExecutions } from '../domain/execution-retention.ts';
import { generationParameter } from '../domain/instance-number.ts';
import { runIdParameter } from '../domain/given-parameters.ts';
import { type Instant, nanosecondsPerSecond } from '../domain/time.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { DocumentGuard, Store, StoredChange } from '../ports/store.ts';
import type { ExecutionLogFolder } from './execution-logs.ts';
import type { ExecutionRecords, Kept } from './execution-records.ts';
import { clearRemains } from './forgotten-executions.ts';
import { pruneLogs } from './log-retention.ts';
import { instanceKey } from './instance-key.ts';

export interface ExecutionRetention {
  /** Removes executions that are older than the retention, a bounded number of things. @returns how many documents */
  prune(): Promise<number>;
}

export interface ExecutionRetentionOptions {
  readonly documents: DocumentReader;
  readonly records: ExecutionRecords;
  readonly reader: Pick<BatchReader, 'peek'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly logs: ExecutionLogFolder;
  /** A fresh, unique id for each commit. */
  readonly operationId: () => string;
  /** Days to keep executions; 0 keeps them for ever. */
  readonly retentionDays: number;
}

/** Documents that one pruning removes, about. */
const mostRemoved = 500;
/** Instances that one pruning looks at, whatever it removes. */
const mostLookedAt = 60;
const pageSize = 20;
/** Executions that go in one commit. */
const executionsAtOnce = 50;
/** How long the store remembers a commit, so that it may be sent again when its answer was lost. */
const keepSeconds = 600;

/**
 * Forgets executions whose time is over: those that have a later one in their instance, and instances as a whole. What is
 * removed is compared with what was read, so that an instance that is launched in this very moment stays.
 */
export function createExecutionRetention(options: ExecutionRetentionOptions): ExecutionRetention {
  const { documents, records, reader, store, clock, logs, operationId, retentionDays } = options;
  /** The instance looked at last: a round over all of them takes as many prunings as it needs. */
  let beyond: string | null = null;

  async function commit(changes: readonly StoredChange[], guards: readonly DocumentGuard[] = []): Promise<boolean> {
    const operation = { id: operationId(), fingerprint: '', answer: null, keepSeconds };
    return (await store.commit({ operation, changes, guards, journal: [] })).kind !== 'conflict';
  }

  async function forgetSome(before: Instant, limit: number): Promise<number> {
    let removed = 0;
    for (let looked = 0; looked < mostLookedAt && removed < limit; looked += pageSize) {
      const ids = await records.ids({ ...ascending, index: instanceIndexes.all, beyond, limit: pageSize });
      const instances = await Promise.all(ids.map((id) => records.instance(id)));
      for (const [index, kept] of instances.entries()) {
        // Those that follow are younger still; the next round begins with the oldest.
        if (kept !== null && kept.value.createdAt >= before) {
          beyond = null;
          return removed;
        }
        if (removed >= limit) return removed;
        if (kept !== null) removed += await lookAt(kept, before);
        beyond = memberOfId(ids[index] as number);
      }
      if (ids.length < pageSize) {
        beyond = null;
        return removed;
      }
    }
    return removed;
  }

  async function lookAt(kept: Kept<JobInstance>, before: Instant): Promise<number> {
    const { id, lastExecutionId, lastReplayId } = kept.value;
    const last = lastExecutionId === null ? null : await records.execution(lastExecutionId);
    // While one runs, it may look at those before it.
    if (last === null || !isOver(last.value)) return 0;
    const replay = lastReplayId === undefined ? null : await records.execution(lastReplayId);
    // What is not carried through yet is read again by its restart.
    if (replay !== null && !isLongOver(replay.value, before)) return 0;
    const needed = neededExecutions(kept.value);
    const limit = needed.size + executionsAtOnce;
    const ids = await records.ids({ ...ascending, index: executionIndexes.ofInstance(id), beyond: null, limit });
    const executions = (await Promise.all(ids.map((each) => records.execution(each)))).filter((each) => each !== null);
    const over = executions.filter(({ value }) => isLongOver(value, before));
    if (ids.length < limit && over.length === ids.length && !(await isNeeded(last.value))) {
      const keys = await keysOf(kept.value);
      if (!keys.some(({ numbers }) => numbers)) return forgetInstance(kept, executions, keys);
    }
    const superseded = over.filter(({ value }) => !needed.has(value.id)).slice(0, executionsAtOnce);
    return superseded.length === 0 ? 0 : forgetExecutions(kept, superseded);
  }

  /** All of it that can be found, in one commit. */
  async function forgetInstance(
    kept: Kept<JobInstance>,
    executions: readonly Kept<JobExecution>[],
    keys: readonly InstanceKey[],
  ): Promise<number> {
    const changes = [
      documentRemoval({ ...documentKeys.instance(kept.value.id), ...kept }),
      ...keys.map(({ key, revision }) => documentRemoval({ ...documentKeys.instanceKey(key), revision, members: [] })),
      ...executions.flatMap(forgotten),
    ];
    return (await commit(changes)) ? 1 + keys.length + executions.length : 0;
  }

  async function forgetExecutions(kept: Kept<JobInstance>, executions: readonly Kept<JobExecution>[]): Promise<number> {
    const guard = { ...documentKeys.instance(kept.value.id), expected: kept.revision };
    return (await commit(executions.flatMap(forgotten), [guard])) ? executions.length : 0;
  }

  async function isNeeded(last: JobExecution): Promise<boolean> {
    if (last.batch === null) return false;
    const { workflow: name } = last.batch;
    try {
      const workflow = decodeWorkflow(name, await reader.peek(name));
      return workflow !== null && isNeededBy(workflow, last);
    } catch (error) {
      // Nobody knows what a workflow needs that cannot be read.
      if (error instanceof BatchyError && error.code === 'foreign-data') return true;
      throw error;
    }
  }

  interface InstanceKey {
    readonly key: string;
    readonly revision: number;
    /** The next launch counts on from its number, which must not be given twice. */
    readonly numbers: boolean;
  }

  /**
   * By which it is found as the newest of its parameters. Whether its job numbers its instances, and by what, is not asked of the
   * definition, which may be gone.
   */
  async function keysOf({ id, jobName, parameters }: JobInstance): Promise<InstanceKey[]> {
    const asked = [null, generationParameter, runIdParameter].filter((name) => name === null || parameters.has(name));
    const keys = asked.map((left) => instanceKey(jobName, new Map([...parameters].filter(([name]) => name !== left))));
    const found = await documents.get(keys.map((key) => documentKeys.instanceKey(key)));
    return keys.flatMap((key, index): InstanceKey[] => {
      const document = found[index] ?? null;
      if (document?.text !== String(id)) return [];
      return [{ key, revision: document.revision, numbers: asked[index] === runIdParameter }];
    });
  }

  return {
    async prune() {
      if (retentionDays === 0) return 0;
      const before = (await clock.now()) - BigInt(Math.round(retentionDays * 86_400)) * nanosecondsPerSecond;
      let removed = await clearRemains({ documents, records, commit }, mostRemoved);
      removed += await forgetSome(before, mostRemoved - removed);
      removed += await clearRemains({ documents, records, commit }, mostRemoved - removed);
      await pruneLogs({ logs, records }, before);
      return removed;
    },
  };
}

function forgotten({ value, revision, members }: Kept<JobExecution>): StoredChange[] {
  return [
    documentRemoval({ ...documentKeys.execution(value.id), revision, members }),
    documentChange(null, remainsDocument(value.id)),
  ];
}

const ascending = { prefix: '', direction: 'ascending' } as const;
