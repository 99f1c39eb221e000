import type { Scenario } from '../scenario.ts';
import { capability } from './capability.ts';
import { cron } from './cron.ts';
import { kill } from './kill.ts';
import { limits } from './limits.ts';
import { network } from './network.ts';
import { pause } from './pause.ts';
import { redisAway } from './redis-away.ts';
import { shared } from './shared.ts';
import { soak } from './soak.ts';
import { stop } from './stop.ts';
import { together } from './together.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  together,
  shared,
  kill,
  pause,
  capability,
  stop,
  redisAway,
  network,
  cron,
  limits,
  soak,
];
