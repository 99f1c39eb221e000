import type { Scenario } from '../scenario.ts';
import { kill } from './kill.ts';
import { shared } from './shared.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [shared, kill];
