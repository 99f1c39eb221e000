import { BatchyError, type ErrorPlace } from '../domain/errors.ts';
import { defaultRetry, type JobDefinition, type StepDefinition } from '../domain/job.ts';
import { quoteBriefly } from '../domain/names.ts';
import type { ListedTask, TaskList } from '../domain/task-list.ts';
import type { RunnableJob } from './job.ts';
import type { StepBody, WorkerBody } from './step-body.ts';

/** What surrounds a task list: where its workers and logs are, and what its tasks find in their environment. */
export interface TaskListSurroundings {
  /** Of the job. */
  readonly name: string;
  /** Set for every task. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of variables that are passed on as they are. */
  readonly passEnvironment: readonly string[];
  /** In which tasks run; `null`: that of the process that runs them. */
  readonly workingDirectory: string | null;
  /** The whole path of a log that the list names. */
  readonly logFile: (name: string) => string;
  /** Where the code of a module is; `null`: nowhere. */
  readonly findModule: (module: string) => Pick<WorkerBody, 'file' | 'language'> | null;
  /** Tasks at a time. */
  readonly maxProcs: number;
  /** Told when a run has ended; `null`: nobody is. */
  readonly webhook: string | null;
}

/**
 * A task list as a job: its tasks are the steps, by id. What fails for good defaults what depends on it, and other branches go on.
 * Each launch is an instance of its own, and one runs at a time.
 * @throws BatchyError `invalid-job` that names all modules that are not there
 */
export function taskListJob({ tasks }: TaskList, surroundings: TaskListSurroundings): RunnableJob {
  const ascending = tasks.toSorted((one, other) => one.id - other.id);
  const nameOf = new Map(ascending.map(({ id, name }) => [id, name]));
  const missing: ErrorPlace[] = [];
  const bodies = new Map<string, StepBody>();
  for (const task of ascending) {
    const body = bodyOf(task, surroundings);
    if (typeof body === 'string') missing.push({ pointer: `task ${task.id}`, detail: body });
    else bodies.set(task.name, body);
  }
  if (missing.length > 0)
    throw new BatchyError(
      'invalid-job',
      `The task list ${quoteBriefly(surroundings.name)} cannot be run: ${missing.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ')}.`,
      { places: missing },
    );
  const definition: JobDefinition = {
    name: surroundings.name,
    description: null,
    bond: null,
    parameters: new Map(),
    additionalParameters: true,
    steps: ascending.map((task) => stepOf(task, nameOf, surroundings)),
    restartable: true,
    refuseIfComplete: false,
    newInstancePerLaunch: true,
    maxConcurrent: 1,
    timeoutSeconds: null,
    maxProcs: surroundings.maxProcs,
    onFailure: 'continue',
    onOwnerLost: 'resume',
    maxTakeovers: 3,
  };
  const { webhook } = surroundings;
  return { definition, bodies, ...(webhook === null ? {} : { webhook }) };
}

function stepOf(
  task: ListedTask,
  nameOf: ReadonlyMap<number, string>,
  { logFile }: TaskListSurroundings,
): StepDefinition {
  return {
    name: task.name,
    kind: task.run.kind,
    dependsOn: task.parents.flatMap((parent) => nameOf.get(parent) ?? []),
    on: [],
    retry: { ...defaultRetry, maxRetries: task.maxAttempts - 1, delaySeconds: task.retryWaitSeconds },
    timeoutSeconds: task.timeoutSeconds,
    ...(task.timeoutSeconds === null ? {} : { timeoutCovers: 'all-attempts' }),
    task: { id: task.id, logFile: task.logFile === null ? null : logFile(task.logFile) },
    allowStartIfComplete: false,
    startLimit: null,
  };
}

/** @returns what is wrong, where it cannot be run */
function bodyOf({ run }: ListedTask, surroundings: TaskListSurroundings): StepBody | string {
  const { environment, passEnvironment, workingDirectory } = surroundings;
  if (run.kind === 'shell')
    return { kind: 'shell', argv: [run.command], shell: true, passEnvironment, environment, workingDirectory };
  const found = surroundings.findModule(run.module);
  if (found === null) return `the module ${quoteBriefly(run.module)} is not there`;
  const { worker, arguments: argv } = run;
  return { kind: 'worker', ...found, worker, arguments: argv, environment, passEnvironment, workingDirectory };
}
