import { createHash } from 'node:crypto';

import { loadedSince, openBoundBatch, owningExecution } from '../domain/bound-batch.ts';
import type { WorkflowChange } from '../domain/change.ts';
import { executionIndexes } from '../domain/document-index.ts';
import { BatchyError } from '../domain/errors.ts';
import type { JobExecution, JobInstance, JobParameters, OwnedBatch } from '../domain/execution.ts';
import {
  contextDocument,
  executionDocument,
  instanceDocument,
  instanceKeyDocument,
  latestLaunchDocument,
  type ReadDocument,
  type StateDocument,
} from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { buildGraph } from '../domain/graph.ts';
import { canonicalIdentity } from '../domain/identity.ts';
import type { JobDefinition } from '../domain/job.ts';
import type { Json } from '../domain/json.ts';
import { runIdParameter } from '../domain/given-parameters.ts';
import { instanceNumber, instanceParameter, withoutInstanceNumber } from '../domain/instance-number.ts';
import { decideLaunch, type LaunchDecision, type LaunchedBefore, notRecovered } from '../domain/launch-rules.ts';
import { quoteBriefly } from '../domain/names.ts';
import { readLaunchParameters, stepParameters } from '../domain/parameters.ts';
import { renderTemplate, unknownTemplateNames } from '../domain/template.ts';
import { floorToMicrosecond, formatInstant, type Instant } from '../domain/time.ts';
import { declaredWithWindow, namedWindow, parametersWithWindow } from '../domain/window-parameters.ts';
import type { Workflow } from '../domain/workflow.ts';
import type { StoredAnswer } from '../ports/store.ts';
import { unknownWorkflow } from './batches.ts';
import type { Answered, Beside, Caller, Commands } from './commands.ts';
import { executionEntry } from './end-execution.ts';
import { changeOf, type ExecutionRecords, type NewestInstance } from './execution-records.ts';
import type { BrokenJobFile, CataloguedJob, JobCatalog } from './job-catalog.ts';

export interface LaunchOptions {
  /** As it was sent: the parameters, or nothing. */
  readonly body: Json | undefined;
  /** Every step runs afresh. */
  readonly force: boolean;
  /** On a bound job: takes the place of a batch that somebody else has open. */
  readonly supersede: boolean;
}

export interface ListedJob extends CataloguedJob {
  readonly lastExecution: JobExecution | null;
}

type Render = (execution: JobExecution) => StoredAnswer;

/** The use cases of jobs: what there is, and launching it. */
export interface Jobs {
  list(): Promise<ListedJob[]>;
  broken(): readonly BrokenJobFile[];
  /** @throws BatchyError `unknown-job-definition` */
  get(name: string): Promise<ListedJob>;
  /**
   * Launches a job, or restarts its instance: one commit, with the opening of its batch if it is bound to a workflow.
   * @throws BatchyError `unknown-job-definition`, `invalid-parameters`, `already-running`, `not-recovered`, `already-complete`,
   * `abandoned`, `not-restartable`, `start-limit`, `too-many-running`, and on a bound job what opening a batch throws
   */
  launch(name: string, options: LaunchOptions, caller: Caller, render: Render): Promise<Answered>;
  /**
   * As `launch`, with parameters that were read before: of an execution that is to be restarted.
   * @param restarted the batch that it had, or `null`
   */
  relaunch(
    name: string,
    parameters: JobParameters,
    restarted: OwnedBatch | null,
    caller: Caller,
    render: Render,
  ): Promise<Answered>;
}

export interface JobsOptions {
  readonly catalog: JobCatalog;
  readonly commands: Commands;
  readonly records: ExecutionRecords;
  readonly initialDate: Instant;
  /** Tells the conductor that there is something to look at. */
  readonly onChange: () => void;
}

interface Launch {
  readonly definition: JobDefinition;
  readonly parameters: JobParameters;
  readonly force: boolean;
  readonly supersede: boolean;
  readonly restarted: OwnedBatch | null;
}

/** What a launch is computed from, beside its workflow. */
interface Found {
  readonly newest: NewestInstance;
  readonly before: LaunchedBefore | null;
  readonly running: number;
  /** Read before they were counted. */
  readonly latestLaunch: ReadDocument | null;
}

export function createJobs({ catalog, commands, records, initialDate, onChange }: JobsOptions): Jobs {
  async function definitionOf(name: string): Promise<CataloguedJob> {
    await catalog.ready();
    const found = catalog.jobs().get(name);
    if (found !== undefined) return found;
    const names = [...catalog.jobs().keys()].sort();
    throw new BatchyError(
      'unknown-job-definition',
      `There is no job ${quoteBriefly(name)}. ${names.length === 0 ? 'There are no jobs: put files into the folder jobs of BATCHY_CFG.' : `There are ${names.slice(0, 50).map(quoteBriefly).join(', ')}.`}`,
    );
  }

  async function listed(job: CataloguedJob): Promise<ListedJob> {
    const ids = await records.ids({
      index: executionIndexes.ofJob(job.definition.name),
      prefix: '',
      direction: 'descending',
      beyond: null,
      limit: 1,
    });
    const [lastExecution = null] = await records.executions(ids);
    return { definition: job.definition, file: job.file, lastExecution };
  }

  async function find(definition: JobDefinition, parameters: JobParameters): Promise<Found> {
    const newest = await records.newestInstance(keyOf(definition.name, withoutInstanceNumber(definition, parameters)));
    const lastId = newest.instance?.value.lastExecutionId ?? null;
    const last = lastId === null ? null : await records.execution(lastId);
    const before =
      newest.instance === null || last === null
        ? null
        : {
            instance: newest.instance.value,
            last: last.value,
            stepExecutions: await records.latestSteps(newest.instance.value),
          };
    const { maxConcurrent, name } = definition;
    if (maxConcurrent === null) return { newest, before, running: 0, latestLaunch: null };
    const latestLaunch = await records.latestLaunch(jobKeyOf(name));
    const page = { prefix: '', direction: 'ascending', beyond: null, limit: maxConcurrent } as const;
    const running = await records.ids({ ...page, index: executionIndexes.liveOfJob(name) });
    return { newest, before, running: running.length, latestLaunch };
  }

  /** Everything of a launch but the reading of its workflow: run again when something changed meanwhile. */
  async function attempt(
    launch: Launch,
    ids: Ids,
    caller: Caller,
    workflow: Workflow | null,
    now: Instant,
  ): Promise<{ readonly execution: JobExecution; readonly change: WorkflowChange | null; readonly beside: Beside }> {
    const { definition, force } = launch;
    const { bond } = definition;
    const named = bond === null ? null : namedWindow(launch.parameters);
    if (workflow !== null && bond !== null && named === null) await refuseIfOwned(workflow, definition);
    const open = (owner: number) =>
      workflow === null || bond === null
        ? null
        : openBoundBatch(workflow, {
            jobs: bond.jobs,
            supersede: launch.supersede,
            backfill: named,
            owner,
            now,
            initialDate,
            by: caller.name,
          });
    // An id is taken only for what is not refused: until then the owner is nobody.
    const trial = open(0);
    const parameters =
      trial === null || bond === null ? launch.parameters : parametersWithWindow(launch.parameters, trial.batch, bond);
    const found = await find(definition, parameters);
    const superseded =
      launch.restarted === null || workflow === null || trial === null
        ? null
        : (loadedSince(workflow, launch.restarted) ?? otherWindow(launch.restarted, trial.batch));
    const decision = decideLaunch({
      definition,
      graph: buildGraph(definition),
      before: found.before,
      running: found.running,
      forced: force,
      // Who restarts an execution means that one, and is told what stands in the way; who launches wants the window loaded.
      window:
        bond === null
          ? null
          : { kind: named === null && launch.restarted === null ? 'due' : 'named', loadedSince: superseded },
    });
    // What completes at once loads nothing: no batch is opened for it.
    const opened = decision.kind === 'run' ? open(await ids.execution()) : null;
    const batch = opened?.batch ?? null;
    const made = await makeExecution({ launch, parameters, found, decision, batch, ids, now, by: caller.name });
    return { ...made, change: opened?.change ?? null };
  }

  /** A launch that has the window open, running or not recovered, is told as that, rather than as somebody's open batch. */
  async function refuseIfOwned(workflow: Workflow, { name, bond }: JobDefinition): Promise<void> {
    const owner = owningExecution(workflow, bond?.jobs ?? null);
    const kept = owner === null ? null : await records.execution(owner);
    if (kept === null || kept.value.jobName !== name) return;
    if (kept.value.status === 'UNKNOWN') throw notRecovered(kept.value);
    if (!isLive(kept.value.status)) return;
    throw new BatchyError(
      'already-running',
      `Job ${quoteBriefly(name)}: its window is being loaded by execution ${kept.value.id}. Wait for its end, or stop it.`,
      { facts: { execution_id: kept.value.id, job_instance_id: kept.value.instanceId } },
    );
  }

  async function makeExecution(made: {
    readonly launch: Launch;
    readonly parameters: JobParameters;
    readonly found: Found;
    readonly decision: LaunchDecision;
    readonly batch: OwnedBatch | null;
    readonly ids: Ids;
    readonly now: Instant;
    readonly by: string;
  }): Promise<{ readonly execution: JobExecution; readonly beside: Beside }> {
    const { launch, found, decision, by } = made;
    const { definition } = launch;
    const at = floorToMicrosecond(made.now);
    const id = await made.ids.execution();
    const isNew = decision.kind === 'run' && decision.instance.kind === 'new';
    const number =
      decision.kind === 'run' && decision.instance.kind === 'new'
        ? decision.instance.number
        : instanceNumber(definition, found.before?.instance.parameters ?? new Map());
    const parameters = numbered(definition, made.parameters, number);
    const kept = isNew ? null : found.newest.instance;
    const instance: JobInstance =
      kept === null
        ? {
            id: await made.ids.instance(),
            jobName: definition.name,
            key: keyOf(definition.name, parameters),
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
      exitMessage: completed ? 'all steps were completed before' : '',
      createdAt: at,
      startedAt: completed ? at : null,
      endedAt: completed ? at : null,
      updatedAt: at,
      parameters,
      forced: launch.force,
      batch: made.batch,
      launchedBy: by,
      takeovers: 0,
      stopRequestedBy: null,
    };
    const documents = [
      changeOf(kept, instanceDocument(instance)),
      changeOf(null, executionDocument(execution)),
      changeOf(null, await contextOf(id, launch.force || isNew ? null : found.before)),
    ];
    const baseKey = keyOf(definition.name, withoutInstanceNumber(definition, parameters));
    if (kept === null)
      documents.push(changeOf(found.newest.key, instanceKeyDocument({ key: baseKey, id: instance.id })));
    if (definition.maxConcurrent !== null)
      documents.push(changeOf(found.latestLaunch, latestLaunchDocument(jobKeyOf(definition.name), id)));
    return { execution, beside: { documents, journal: [executionEntry(null, execution, at, by)] } };
  }

  /** A restart finds what the steps that it skips have put there. */
  async function contextOf(executionId: number, before: LaunchedBefore | null): Promise<StateDocument> {
    const context = before === null ? null : await records.context(before.last.id);
    return contextDocument(executionId, context?.value ?? new Map());
  }

  async function run(launch: Launch, caller: Caller, render: Render): Promise<Answered> {
    const { bond } = launch.definition;
    const ids = createIds(records);
    const answered =
      bond === null
        ? await commands.runBeside(`job ${launch.definition.name}`, caller, async (now) => {
            const { execution, beside } = await attempt(launch, ids, caller, null, now);
            return { beside, answer: render(execution) };
          })
        : await commands.run(workflowNameOf(launch), caller, async ({ workflow, now }) => {
            if (workflow === null) throw unknownWorkflow(workflowNameOf(launch));
            const { execution, change, beside } = await attempt(launch, ids, caller, workflow, now);
            return { change, beside, answer: render(execution) };
          });
    onChange();
    return answered;
  }

  return {
    async list() {
      await catalog.ready();
      const jobs = [...catalog.jobs().values()].sort((one, other) =>
        one.definition.name < other.definition.name ? -1 : 1,
      );
      return Promise.all(jobs.map(listed));
    },
    broken: () => catalog.broken(),
    get: async (name) => listed(await definitionOf(name)),

    async launch(name, { body, force, supersede }, caller, render) {
      const { definition } = await definitionOf(name);
      const declared = definition.bond === null ? definition : declaredWithWindow(definition);
      const parameters = readLaunchParameters(body, declared);
      refuseRunId(definition, parameters);
      refuseUnknownNames(definition, parameters);
      return run({ definition, parameters, force, supersede, restarted: null }, caller, render);
    },

    async relaunch(name, parameters, restarted, caller, render) {
      const { definition } = await definitionOf(name);
      return run({ definition, parameters, force: false, supersede: false, restarted }, caller, render);
    },
  };
}

/** The ids of one launch, however often it is attempted. */
interface Ids {
  execution(): Promise<number>;
  instance(): Promise<number>;
}

function createIds(records: ExecutionRecords): Ids {
  const once = (sequence: 'execution' | 'instance') => {
    let reserved: Promise<number> | null = null;
    return () => (reserved ??= records.reserve(sequence));
  };
  return { execution: once('execution'), instance: once('instance') };
}

function jobKeyOf(jobName: string): string {
  return createHash('sha256').update(jobName).digest('hex');
}

function keyOf(jobName: string, parameters: JobParameters): string {
  return createHash('sha256').update(canonicalIdentity(jobName, parameters)).digest('hex');
}

function numbered(definition: JobDefinition, parameters: JobParameters, number: number): JobParameters {
  const parameter = instanceParameter(definition, number);
  const others = withoutInstanceNumber(definition, parameters);
  return parameter === null ? others : new Map([...others, parameter]);
}

/** Why another window than that of a restarted execution is due, or `null`. */
function otherWindow(restarted: OwnedBatch, { from, until }: OwnedBatch): string | null {
  if (restarted.from === from && restarted.until === until) return null;
  return `the one that is due is from ${formatInstant(from)} until ${formatInstant(until)}`;
}

function workflowNameOf({ definition, parameters }: Launch): string {
  const values = stepParameters(parameters);
  try {
    return renderTemplate(definition.bond?.workflow ?? '', (name) =>
      Object.hasOwn(values, name) ? values[name] : undefined,
    );
  } catch (cause) {
    throw new BatchyError(
      'invalid-parameters',
      `The workflow of job ${quoteBriefly(definition.name)}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** @throws BatchyError `invalid-parameters` */
function refuseRunId({ name, newInstancePerLaunch }: JobDefinition, parameters: JobParameters): void {
  if (!newInstancePerLaunch || !parameters.has(runIdParameter)) return;
  throw new BatchyError(
    'invalid-parameters',
    `Job ${quoteBriefly(name)} numbers its launches itself (newInstancePerLaunch): leave ${runIdParameter} out.`,
    { places: [{ pointer: `/${runIdParameter}`, detail: `${runIdParameter} is given by the service` }] },
  );
}

/** @throws BatchyError `invalid-parameters` */
function refuseUnknownNames(definition: JobDefinition, parameters: JobParameters): void {
  const unknown = unknownTemplateNames(definition, parameters.keys());
  if (unknown.length === 0) return;
  throw new BatchyError(
    'invalid-parameters',
    `Steps of job ${quoteBriefly(definition.name)} take ${unknown.map((name) => `{{${name}}}`).join(', ')}: give ${unknown.length === 1 ? 'a parameter' : 'parameters'} of that name.`,
    { places: unknown.map((name) => ({ pointer: `/${name}`, detail: `${name} is taken by a step` })) },
  );
}
