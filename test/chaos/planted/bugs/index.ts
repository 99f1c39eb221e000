import type { PlantedBug } from '../planted-bug.ts';
import { conductorBugs } from './conductors.ts';
import { executionBugs } from './executions.ts';
import { flowBugs } from './flows.ts';
import { queueBugs } from './queues.ts';
import { requestBugs } from './requests.ts';
import { retentionBugs } from './retention.ts';
import { storeBugs } from './stores.ts';
import { windowBugs } from './windows.ts';

export const plantedBugs: readonly PlantedBug[] = [
  ...storeBugs,
  ...windowBugs,
  ...executionBugs,
  ...flowBugs,
  ...conductorBugs,
  ...queueBugs,
  ...requestBugs,
  ...retentionBugs,
];
