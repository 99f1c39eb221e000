import type { Batches } from './batches.ts';
import type { Commands } from './commands.ts';
import type { Conductors } from './conductors.ts';
import type { ConductorRetention } from './conductor-retention.ts';
import type { ExecutionRetention } from './execution-retention.ts';
import type { Executions } from './executions.ts';
import type { Firings } from './firings.ts';
import type { HandingOver } from './handing-over.ts';
import type { History } from './history.ts';
import type { Jobs } from './jobs.ts';
import type { Queues } from './queues.ts';
import type { Schedules } from './schedules.ts';
import type { Waits } from './waits.ts';
import type { Watch } from './watch.ts';
import type { Workflows } from './workflows.ts';

/** The use cases over one store. */
export interface Services {
  readonly commands: Commands;
  readonly batches: Batches;
  readonly workflows: Workflows;
  readonly history: History;
  readonly waits: Waits;
  readonly watch: Watch;
  readonly retention: ExecutionRetention;
  readonly conductorRetention: ConductorRetention;
  readonly conductors: Conductors;
  readonly jobs: Jobs;
  readonly executions: Executions;
  readonly schedules: Schedules;
  readonly queues: Queues;
  readonly firings: Firings;
  readonly handingOver: HandingOver;
}
