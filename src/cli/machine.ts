import type { Settings } from '../config/schema.ts';
import type { Instant } from '../domain/time.ts';
import type { Services } from '../service/services.ts';
import type { Stores } from '../service/stores.ts';

/** What the command line cannot do by itself, since it knows neither the web server nor any store: given by the process. */
export interface Machine {
  /** Serves until the process is told to stop. */
  serve(settings: Settings): Promise<void>;
  /** The store that the settings name. Whoever opens it closes it: `stores.upkeep.close()`. @throws BatchyError `store-unavailable` */
  openStores(settings: Settings): Promise<Stores>;
  createServices(stores: Stores, settings: Settings): Promise<Services>;
  /** This machine's clock, for the dates of API keys. */
  now(): Promise<Instant>;
}
