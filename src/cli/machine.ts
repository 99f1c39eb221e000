import type { Settings } from '../config/schema.ts';
import type { Instant } from '../domain/time.ts';
import type { Services } from '../service/services.ts';
import type { Stores } from '../service/stores.ts';
import type { TaskApp, TaskRun, TaskRunEnd } from '../service/task-run.ts';

/** What the command line cannot do by itself, since it knows neither the web server nor any store: given by the process. */
export interface Machine {
  /** Serves until the process is told to stop. */
  serve(settings: Settings): Promise<void>;
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
  /** This machine's clock, for the dates of API keys. */
  now(): Promise<Instant>;
}
