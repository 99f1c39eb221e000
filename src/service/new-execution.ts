import { createHash } from 'node:crypto';

import { executionIndexes } from '../domain/document-index.ts';
import type { JobExecution, JobInstance, JobParameters, OwnedBatch } from '../domain/execution.ts';
import {
  contextDocument,
  documentKeys,
  executionDocument,
  instanceDocument,
  instanceKeyDocument,
  laterChange,
  latestLaunchDocument,
  type ReadDocument,
} from '../domain/execution-documents.ts';
import { instanceNumber, instanceParameter, withoutInstanceNumber } from '../domain/instance-number.ts';
import type { JobDefinition } from '../domain/job.ts';
import type { Json } from '../domain/json.ts';
import type { LaunchDecision, LaunchedBefore } from '../domain/launch-rules.ts';
import { floorToMicrosecond, type Instant } from '../domain/time.ts';
import { type Urgency, waitingOf } from '../domain/urgency.ts';
import type { LaunchedExecution } from '../ports/execution-taker.ts';
import type { Beside } from './commands.ts';
import { executionEntry } from './end-execution.ts';
import { changeOf, type ExecutionRecords, type NewestInstance } from './execution-records.ts';
import { instanceKey } from './instance-key.ts';

/** What a launch is computed from, beside its workflow. */
export interface Found {
  readonly newest: NewestInstance;
  readonly before: LaunchedBefore | null;
  /** Of `before`, the last execution: it must not be abandoned meanwhile. */
  readonly lastRevision: number | null;
  readonly running: number;
  /** Read before they were counted. */
  readonly latestLaunch: ReadDocument | null;
}

/**
 * What was launched before with these parameters, and how many executions of the job run.
 * @param restarted the execution whose instance is meant, though there may be newer ones with its parameters; or `null`
 */
export async function findLaunched(
  records: ExecutionRecords,
  definition: JobDefinition,
  parameters: JobParameters,
  restarted: JobExecution | null,
): Promise<Found> {
  const newest =
    (restarted === null ? null : await instanceOf(records, definition, restarted)) ??
    (await records.newestInstance(instanceKey(definition.name, withoutInstanceNumber(definition, parameters))));
  const lastId = newest.instance?.value.lastExecutionId ?? null;
  const last = lastId === null ? null : await records.execution(lastId);
  const before =
    newest.instance === null || last === null
      ? null
      : {
          instance: newest.instance.value,
          last: last.value,
          // What is left of a flow its code knows.
          stepExecutions: definition.isFlow === true ? new Map() : await records.latestSteps(newest.instance.value),
        };
  const { maxConcurrent, name } = definition;
  const lastRevision = last?.revision ?? null;
  if (maxConcurrent === null) return { newest, before, lastRevision, running: 0, latestLaunch: null };
  const latestLaunch = await records.latestLaunch(jobKeyOf(name));
  const page = { prefix: '', direction: 'ascending', beyond: null, limit: maxConcurrent } as const;
  const running = await records.ids({ ...page, index: executionIndexes.liveOfJob(name) });
  return { newest, before, lastRevision, running: running.length, latestLaunch };
}

/** `null` where the job was bound to a workflow since, or is no more: its parameters tell another instance. */
async function instanceOf(
  records: ExecutionRecords,
  { bond }: JobDefinition,
  restarted: JobExecution,
): Promise<NewestInstance | null> {
  if ((bond === null) !== (restarted.batch === null)) return null;
  const instance = await records.instance(restarted.instanceId);
  return instance === null ? null : { key: null, instance };
}

export interface NewExecution {
  readonly definition: JobDefinition;
  readonly parameters: JobParameters;
  readonly forced: boolean;
  readonly deselected: readonly string[];
  readonly found: Found;
  readonly decision: LaunchDecision;
  readonly batch: OwnedBatch | null;
  /** The execution whose context a new instance begins with; none where it is absent. */
  readonly contextOf?: number;
  /** What is put into the context over that. */
  readonly context?: ReadonlyMap<string, Json>;
  /** As the job says where it is absent. */
  readonly urgency?: Urgency;
  readonly ids: LaunchIds;
  readonly now: Instant;
  readonly by: string;
}

/** The execution that a launch makes, its instance, and what of both is stored. */
export async function makeExecution(
  records: ExecutionRecords,
  made: NewExecution,
): Promise<LaunchedExecution & { readonly beside: Beside }> {
  const { definition, found, decision, by } = made;
  const at = floorToMicrosecond(made.now);
  const isNew = decision.kind === 'run' && decision.instance.kind === 'new';
  const kept = isNew ? null : found.newest.instance;
  // Asked for together, they travel together.
  const [id, instanceId] = await Promise.all([
    made.ids.execution(),
    kept === null ? made.ids.instance() : kept.value.id,
  ]);
  const number =
    decision.kind === 'run' && decision.instance.kind === 'new'
      ? decision.instance.number
      : instanceNumber(definition, found.before?.instance.parameters ?? new Map());
  const parameters = numbered(definition, made.parameters, number);
  const instance: JobInstance =
    kept === null
      ? {
          id: instanceId,
          jobName: definition.name,
          key: instanceKey(definition.name, parameters),
          parameters: new Map([...parameters].filter(([, { identifying }]) => identifying)),
          createdAt: at,
          lastExecutionId: id,
          steps: new Map(),
        }
      : { ...kept.value, lastExecutionId: id };
  const completed = decision.kind === 'complete-at-once';
  const status = completed ? 'COMPLETED' : 'STARTING';
  const execution: JobExecution = {
    id,
    instanceId: instance.id,
    jobName: definition.name,
    status,
    exitCode: completed ? 'COMPLETED' : 'EXECUTING',
    exitMessage: completed ? completedBefore(definition) : '',
    createdAt: at,
    startedAt: completed ? at : null,
    endedAt: completed ? at : null,
    updatedAt: at,
    parameters,
    forced: made.forced,
    ...(made.deselected.length === 0 ? {} : { deselected: made.deselected }),
    batch: made.batch,
    launchedBy: by,
    takeovers: 0,
    stopRequestedBy: null,
    ...(completed ? {} : waitingOf(definition, made.urgency ?? {}, made.now)),
    ...(isNew || found.before === null ? {} : { previousId: found.before.last.id }),
  };
  const documents = [
    changeOf(kept, instanceDocument(instance)),
    laterChange(documentKeys.execution(id), () => changeOf(null, executionDocument(execution))),
  ];
  const contextFrom = isNew ? made.contextOf : made.forced ? undefined : found.before?.last.id;
  const inherited = contextFrom === undefined ? [] : await contextOf(records, contextFrom);
  const context = new Map([...inherited, ...(made.context ?? [])]);
  // Where there is none there is nothing in it.
  if (context.size > 0) documents.push(changeOf(null, contextDocument(id, context)));
  const baseKey = instanceKey(definition.name, withoutInstanceNumber(definition, parameters));
  if (kept === null) documents.push(changeOf(found.newest.key, instanceKeyDocument({ key: baseKey, id: instance.id })));
  if (definition.maxConcurrent !== null)
    documents.push(changeOf(found.latestLaunch, latestLaunchDocument(jobKeyOf(definition.name), id)));
  const { before, lastRevision } = found;
  const guards =
    before === null || lastRevision === null
      ? []
      : [{ ...documentKeys.execution(before.last.id), expected: lastRevision }];
  const beside = { documents, guards, journal: [executionEntry(null, execution, at, by)] };
  return { execution, instance, instanceBefore: kept, context, beside };
}

/** A restart finds what the steps that it skips have put there, and a replay what those of the execution have. */
async function contextOf(records: ExecutionRecords, from: number): Promise<ReadonlyMap<string, Json>> {
  const context = await records.context(from);
  return context?.value ?? new Map();
}

/** The ids of one launch, however often it is attempted. */
export interface LaunchIds {
  execution(): Promise<number>;
  instance(): Promise<number>;
}

export function createLaunchIds(records: ExecutionRecords): LaunchIds {
  const once = (sequence: 'execution' | 'instance') => {
    let reserved: Promise<number> | null = null;
    return () => (reserved ??= records.reserve(sequence));
  };
  return { execution: once('execution'), instance: once('instance') };
}

function completedBefore({ isFlow }: JobDefinition): string {
  return isFlow === true ? 'the flow had succeeded before' : 'all steps were completed before';
}

function jobKeyOf(jobName: string): string {
  return createHash('sha256').update(jobName).digest('hex');
}

function numbered(definition: JobDefinition, parameters: JobParameters, number: number): JobParameters {
  const parameter = instanceParameter(definition, number);
  const others = withoutInstanceNumber(definition, parameters);
  return parameter === null ? others : new Map([...others, parameter]);
}
