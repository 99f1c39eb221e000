import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { systemTimers } from '../../src/adapters/system/timers.ts';
import type { Store } from '../../src/ports/store.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { createLogs } from '../../src/runner/step-log.ts';
import { countedJob } from './counted-job.ts';
import type { Arming, StoreAddress } from './service-process.ts';

/** What the process is told: `conductor-to-kill.ts TASK`, as JSON. */
export interface ConductorTask {
  readonly address: StoreAddress;
  readonly target: string;
  readonly logs: string;
  readonly arming: Arming;
}

/** A conductor that ends its process without a word at one of its commits. It ends by itself when its parent goes. */
const { address, target, logs, arming } = JSON.parse(process.argv[2] ?? '{}') as ConductorTask;
const stores =
  'url' in address ? await createRedisStores(address) : await createSqliteStores({ ...address, clock: systemClock });
let commits = 0;
const die = (): void => process.kill(process.pid, 'SIGKILL') as unknown as void;

const store: Store = {
  async commit(commit) {
    const reached = ++commits === arming.commit ? arming.when : null;
    if (reached === 'before') die();
    if (reached === 'during') setImmediate(() => setImmediate(die));
    const outcome = await stores.store.commit(commit);
    if (reached === 'after') die();
    return outcome;
  },
};
const job = countedJob(target);
const conductor = createConductor({
  stores: { ...stores, store },
  catalog: new Map([[job.definition.name, job]]),
  id: `doomed-${process.pid}-${crypto.randomUUID()}`,
  leaseSeconds: 0.3,
  concurrency: 1,
  logs: createLogs({ folder: logs, now: systemTimers.wall }),
  operationId: () => crypto.randomUUID(),
  timers: systemTimers,
  random: () => 0.5,
  environment: {},
  graceMilliseconds: 1000,
  lookEveryMilliseconds: 50,
  onProblem: (error) => console.error(error),
});
process.on('disconnect', () => process.exit());
process.on('message', () => void conductor.stop().then(() => process.exit()));
await conductor.start();
