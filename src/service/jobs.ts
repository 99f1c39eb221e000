import { requiredCapabilities } from '../domain/capability.ts';
import { executionIndexes } from '../domain/document-index.ts';
import { BatchyError } from '../domain/errors.ts';
import type { JobExecution } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { withoutInstanceNumber } from '../domain/instance-number.ts';
import type { Json } from '../domain/json.ts';
import { quoteBriefly } from '../domain/names.ts';
import { stepParameters } from '../domain/parameters.ts';
import { isTaskList } from '../domain/task-list.ts';
import { renderTemplate } from '../domain/template.ts';
import type { Instant } from '../domain/time.ts';
import type { Urgency } from '../domain/urgency.ts';
import { checkIdentifying, parametersToRelaunch } from '../domain/window-parameters.ts';
import type { ExecutionTaker } from '../ports/execution-taker.ts';
import type { Commit, StoredAnswer } from '../ports/store.ts';
import { unknownWorkflow } from './batches.ts';
import type { Answered, Beside, Caller, Commands } from './commands.ts';
import type { ExecutionRecords } from './execution-records.ts';
import type { HandingOver } from './handing-over.ts';
import { instanceKey } from './instance-key.ts';
import type { BrokenJobFile, CataloguedJob, JobCatalog } from './job-catalog.ts';
import { throwUnknownJob, whyMissing } from './missing-job.ts';
import { attemptLaunch, type Launch } from './launch.ts';
import { checkDeselected, readLaunch } from './launch-reading.ts';
import { createLaunchIds } from './new-execution.ts';

export interface LaunchOptions {
  /** As it was sent: the parameters, or nothing. */
  readonly body: Json | undefined;
  /** Every step runs afresh. */
  readonly force: boolean;
  /** Names of steps that it leaves out; what depends on them goes on as if they had completed. */
  readonly deselected?: readonly string[];
  /** Values that its context begins with. */
  readonly context?: ReadonlyMap<string, Json>;
  /** On a bound job: takes the place of a batch that somebody else has open. */
  readonly supersede: boolean;
  /** As the job says, at once, if not said. */
  readonly urgency?: Urgency;
  /** Of a launch by a schedule. */
  readonly firing?: LaunchFiring;
}

export interface RelaunchOptions extends Pick<LaunchOptions, 'urgency'> {
  /** Put over what the restart finds in its context. */
  readonly context?: ReadonlyMap<string, Json>;
}

export interface LaunchFiring {
  readonly at: Instant;
  /** What is stored with the launch, or not at all. Asked at each attempt; what it throws ends the launch. */
  readonly alongside: (execution: JobExecution) => Promise<Beside>;
}

/** Which tasks of a list run, and with what. */
export interface TaskRunOptions {
  /** Names of tasks that it leaves out. A restart leaves out what the run before it did. */
  readonly deselected: readonly string[];
  /** Values put into the tasks' context, over what a restart finds there. */
  readonly context: ReadonlyMap<string, Json>;
  /** Goes on with the last run of the list; begins anew where there is none, or one that was abandoned. */
  readonly restart: boolean;
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
  /** Why nobody here could run a job of that name, as part of a sentence; `null` where its file is there, or was not read yet. */
  whyMissing(name: string): string | null;
  /** What whoever runs a job of that name must have; nothing where it is not known. */
  capabilitiesOf(name: string): readonly string[];
  /** How many executions of it may run at a time, where that is limited. */
  maxRunningOf(name: string): number | undefined;
  /**
   * Whether a schedule could launch it with these parameters, as far as can be told now.
   * @throws BatchyError `unknown-job-definition`, `invalid-parameters`
   */
  checkFiring(name: string, body: Json, at: Instant): Promise<void>;
  /**
   * Launches a job, or restarts its instance: one commit, with the opening of its batch if it is bound to a workflow.
   * @throws BatchyError `unknown-job-definition`, `invalid-parameters`, `already-running`, `not-recovered`, `already-complete`,
   * `abandoned`, `not-restartable`, `start-limit`, `too-many-running`, and on a bound job what opening a batch throws
   */
  launch(name: string, options: LaunchOptions, caller: Caller, render: Render): Promise<Answered>;
  /**
   * Launches a task list, or goes on with its last run.
   * @throws BatchyError `invalid-request` for what is no task list, or a selection of a restart; else as `launch` and `relaunch`
   */
  runTasks(name: string, options: TaskRunOptions, caller: Caller, render: Render): Promise<Answered>;
  /**
   * As `launch`, of the instance of an execution that is to be restarted, with that one's parameters.
   * @throws BatchyError as `launch`, and `window-superseded`
   */
  relaunch(restarted: JobExecution, options: RelaunchOptions, caller: Caller, render: Render): Promise<Answered>;
}

export interface JobsOptions {
  readonly catalog: JobCatalog;
  readonly commands: Commands;
  readonly records: ExecutionRecords;
  readonly initialDate: Instant;
  readonly handingOver: Pick<HandingOver, 'launched'>;
  /** What runs executions in this very process. */
  readonly taker?: ExecutionTaker | undefined;
}

export function createJobs({ catalog, commands, records, initialDate, handingOver, taker }: JobsOptions): Jobs {
  let isRead = false;
  const read = async (): Promise<void> => {
    await catalog.ready();
    isRead = true;
  };
  // Whoever asks for a job is told why they cannot be read.
  read().catch(() => undefined);

  async function definitionOf(name: string): Promise<CataloguedJob> {
    await read();
    return catalog.jobs().get(name) ?? throwUnknownJob(catalog, name);
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
    return { ...job, lastExecution };
  }

  async function run(
    launch: Launch,
    caller: Caller,
    render: Render,
    alongside?: LaunchFiring['alongside'],
  ): Promise<Answered> {
    const { bond } = launch.definition;
    if (bond !== null) checkIdentifying(launch.parameters, bond);
    const ids = createLaunchIds(records);
    let isTaken = false;
    let made = null as JobExecution | null;
    const answered =
      bond === null
        ? await commands.runBeside(turnOf(launch), caller, async (now) => {
            const launched = await attemptLaunch(records, launch, { ids, workflow: null, now, initialDate });
            const { execution } = launched;
            made = execution;
            const beside =
              alongside === undefined ? launched.beside : withMore(launched.beside, await alongside(execution));
            const answer = render(execution);
            // What may not begin yet is left to wait as everything that does.
            if (taker === undefined || !isLive(execution.status) || execution.notBefore !== undefined)
              return { beside, answer };
            const take = async (commit: Commit) => {
              const outcome = await taker.take(launched, commit);
              isTaken = outcome !== null;
              return outcome;
            };
            return { beside, answer, take };
          })
        : await commands.run(workflowNameOf(launch), caller, async ({ workflow, now }) => {
            if (workflow === null) throw unknownWorkflow(workflowNameOf(launch));
            const { execution, change, beside } = await attemptLaunch(records, launch, {
              ids,
              workflow,
              now,
              initialDate,
            });
            made = execution;
            const answer = render(execution);
            if (alongside === undefined) return { change, beside, answer };
            return { change, beside: withMore(beside, await alongside(execution)), answer };
          });
    if (!isTaken && made !== null) handingOver.launched(made, launch.definition);
    return answered;
  }

  const jobs: Jobs = {
    async list() {
      await read();
      const jobs = [...catalog.jobs().values()].sort((one, other) =>
        one.definition.name < other.definition.name ? -1 : 1,
      );
      return Promise.all(jobs.map(listed));
    },
    broken: () => catalog.broken(),
    get: async (name) => listed(await definitionOf(name)),
    whyMissing: (name) => (isRead ? whyMissing(catalog, name) : null),
    maxRunningOf: (name) => catalog.jobs().get(name)?.definition.maxRunning,
    capabilitiesOf(name) {
      const job = catalog.jobs().get(name);
      return job === undefined ? [] : requiredCapabilities(job.definition);
    },

    async checkFiring(name, body, at) {
      const { definition } = await definitionOf(name);
      const parameters = readLaunch(definition, body, at);
      if (definition.bond !== null) checkIdentifying(parameters, definition.bond);
    },

    async launch(name, { body, force, supersede, deselected = [], context, urgency = {}, firing }, caller, render) {
      const { definition } = await definitionOf(name);
      const parameters = readLaunch(definition, body, firing?.at ?? null);
      checkDeselected(definition, deselected);
      const given = context === undefined ? {} : { context };
      return run(
        { definition, parameters, force, supersede, deselected, ...given, urgency, restarted: null, by: caller.name },
        caller,
        render,
        firing?.alongside,
      );
    },

    async runTasks(name, { deselected, context, restart }, caller, render) {
      const { definition, lastExecution } = await listed(await definitionOf(name));
      if (!isTaskList(definition))
        throw new BatchyError(
          'invalid-request',
          `Job ${quoteBriefly(name)} is no task list. POST /jobs/${encodeURIComponent(name)}/launch launches it.`,
        );
      if (restart && deselected.length > 0)
        throw new BatchyError(
          'invalid-request',
          'A restart runs what is left of the last run, and leaves out what that did: give it no leave_out.',
        );
      if (restart && lastExecution !== null && lastExecution.status !== 'ABANDONED')
        return jobs.relaunch(lastExecution, { context }, caller, render);
      const options = { body: undefined, force: false, supersede: false, deselected, context };
      return jobs.launch(name, options, caller, render);
    },

    async relaunch(restarted, { context, urgency = {} }, caller, render) {
      const { definition } = await definitionOf(restarted.jobName);
      const parameters = parametersToRelaunch(restarted.parameters, restarted.batch);
      const { deselected = [] } = restarted;
      const given = context === undefined ? {} : { context };
      return run(
        {
          definition,
          parameters,
          force: false,
          supersede: false,
          deselected,
          ...given,
          urgency,
          restarted,
          by: caller.name,
        },
        caller,
        render,
      );
    },
  };
  return jobs;
}

/** Launches of an instance take turns; those of a job only where it may have so many executions at a time. */
function turnOf({ definition, parameters }: Launch): string {
  const { name, maxConcurrent } = definition;
  if (maxConcurrent !== null) return `job ${name}`;
  return `job ${name} with parameters ${instanceKey(name, withoutInstanceNumber(definition, parameters))}`;
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

function withMore(beside: Beside, { documents, guards = [], journal }: Beside): Beside {
  return {
    documents: [...beside.documents, ...documents],
    guards: [...(beside.guards ?? []), ...guards],
    journal: [...beside.journal, ...journal],
  };
}
