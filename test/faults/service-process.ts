import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { createApp } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Store } from '../../src/ports/store.ts';

/** Where the process finds its store: a file, or a Redis. */
export type StoreAddress = { readonly file: string } | { readonly url: string };

/**
 * When the process kills itself: before it hands its n-th commit from now on to the store, at once after it began it, or
 * when the store has acknowledged it.
 */
export interface Arming {
  readonly commit: number;
  readonly when: 'before' | 'during' | 'after';
}

/**
 * The whole service in a process of its own, on a store that kills the process when told to: `service-process.ts ADDRESS
 * CFG-FOLDER`, the address as JSON. It tells its parent the address that it listens on, and `armed` for each arming.
 */
const [, , address = '{}', folder = ''] = process.argv;
const where = JSON.parse(address) as StoreAddress;
const stores =
  'url' in where ? await createRedisStores(where) : await createSqliteStores({ ...where, clock: systemClock });
let armed: Arming | null = null;
let commits = 0;

const die = (): void => process.kill(process.pid, 'SIGKILL') as unknown as void;

const store: Store = {
  async commit(commit) {
    const reached = armed !== null && ++commits === armed.commit ? armed.when : null;
    if (reached === 'before') die();
    if (reached === 'during') setImmediate(() => setImmediate(die));
    const outcome = await stores.store.commit(commit);
    if (reached === 'after') die();
    return outcome;
  },
};

const { settings } = loadSettings({ folder, environment: {} });
const app = await createApp(
  { ...settings, PORT: 0, BATCHY_CFG: folder, LOAD_SAMPLES: false, LOG_LEVEL: 'silent' },
  { stores: { ...stores, store } },
);
process.on('message', (arming: Arming) => {
  armed = arming;
  commits = 0;
  process.send?.('armed');
});
process.on('disconnect', () => void app.stop());
process.send?.({ address: await app.start() });
