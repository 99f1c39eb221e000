import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { systemTimers } from '../../src/adapters/system/timers.ts';
import type { Store } from '../../src/ports/store.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { createHeartbeat } from '../../src/runner/heartbeat.ts';
import { createLogs } from '../../src/runner/step-log.ts';
import { countedJob } from './counted-job.ts';
import type { Arming, StoreAddress } from './service-process.ts';
import { undoneFlow } from './undone-flow.ts';

/** What the process is started with: `conductor-to-kill.ts TASK`, as JSON. */
export interface ConductorTask {
  readonly job: 'counted' | 'undone';
  readonly address: StoreAddress;
  readonly target: string;
  readonly logs: string;
}

/** What it is told then, and answers by `armed`. */
export type ToDoomed = 'start' | Arming;

/** A conductor that ends its process without a word at one of its commits. It ends by itself when its parent goes. */
const { job: jobName, address, target, logs } = JSON.parse(process.argv[2] ?? '{}') as ConductorTask;
const stores =
  'url' in address ? await createRedisStores(address) : await createSqliteStores({ ...address, clock: systemClock });
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
const job = jobName === 'counted' ? countedJob(target) : undoneFlow(target);
const id = `doomed-${process.pid}-${crypto.randomUUID()}`;
const leaseSeconds = 0.3;
const common = {
  timers: systemTimers,
  operationId: () => crypto.randomUUID(),
  onProblem: (error: unknown) => console.error(error),
};
const conductor = createConductor({
  ...common,
  stores: { ...stores, store },
  catalog: new Map([[job.definition.name, job]]),
  id,
  leaseSeconds,
  // Its commits come by the clock, and are not among those that are counted.
  heartbeat: createHeartbeat({ ...common, stores, conductor: id, everyMilliseconds: (leaseSeconds * 1000) / 3 }),
  concurrency: 1,
  logs: createLogs({ folder: logs, now: systemTimers.wall }),
  random: () => 0.5,
  environment: {},
  graceMilliseconds: 1000,
  lookEveryMilliseconds: 50,
});
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  const told = message as ToDoomed;
  if (told === 'start') void conductor.start();
  else {
    armed = told;
    commits = 0;
    process.send?.('armed');
  }
});
