import type { Settings } from '../config/schema.ts';
import type { Flow } from '../domain/flow.ts';
import type { ParameterSchema } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Instant } from '../domain/time.ts';
import type { Services } from '../service/services.ts';
import type { Stores } from '../service/stores.ts';
import type { TaskApp, TaskRun, TaskRunEnd } from '../service/task-run.ts';

/** What the command line cannot do by itself, since it knows neither the web server nor any store: given by the process. */
export interface Machine {
  /** Serves until the process is told to stop. */
  serve(settings: Settings): Promise<void>;
  /** Runs jobs, without serving, until the process is told to stop. @throws BatchyError `store-unavailable` */
  work(settings: Settings): Promise<void>;
  /** The store that the settings name. Whoever opens it closes it: `stores.upkeep.close()`. @throws BatchyError `store-unavailable` */
  openStores(settings: Settings): Promise<Stores>;
  createServices(stores: Stores, settings: Settings): Promise<Services>;
  /**
   * Reads a task list, and the `app_profile` beside it.
   * @param given variables that go before all others
   * @throws BatchyError `invalid-job`
   */
  readTaskApp(file: string, given: Readonly<Record<string, string>>): Promise<TaskApp>;
  /** Runs a task list in this process, without a server. @throws BatchyError `invalid-job`, `store-unavailable` */
  runTasks(run: TaskRun): Promise<TaskRunEnd>;
  /**
   * Has what has failed in a run of an application that is under way tried anew.
   * @returns its execution; `null` where nothing of it runs @throws BatchyError `illegal-transition` where nothing has failed
   */
  reviveTasks(run: Omit<TaskApp, 'rootFolder'> & Pick<TaskRun, 'dataFolder'>): Promise<number | null>;
  /**
   * Has the job files of this machine make a reversible flow, as it would be made if it were posted now.
   * @param give what is posted, by what the flow declares
   * @throws BatchyError `unknown-job-definition`, `invalid-parameters`, `invalid-job` with the place in the file
   */
  buildFlow(settings: Settings, name: string, give: (declared: ParameterSchema) => JsonObject): Promise<BuiltFlow>;
  /** This machine's clock: for the dates of API keys, and for how long something has run. */
  now(): Promise<Instant>;
}

/** A flow, and the names of the values that are posted with it, defaults included. */
export interface BuiltFlow {
  readonly flow: Flow;
  readonly store: readonly string[];
}
