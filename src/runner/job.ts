import type { JobDefinition } from '../domain/job.ts';
import type { RunnableFlow } from './flow-body.ts';
import type { StepBody } from './step-body.ts';

/** A job that can be run: its definition, and the code of each of its steps by name. */
export interface RunnableJob {
  readonly definition: JobDefinition;
  readonly bodies: ReadonlyMap<string, StepBody>;
  /**
   * Of a reversible flow, which has no steps: its tasks are made whenever it is picked up, by the code as it is then.
   * @param given the parameters of the launch, by name @throws BatchyError `invalid-job`, what the author's code throws
   */
  readonly buildFlow?: (given: Readonly<Record<string, unknown>>) => RunnableFlow;
  /** Told when an execution has ended that ran here; an http or https URL. */
  readonly webhook?: string;
  /** Of the file that it was read from, if from one. */
  readonly version?: string;
}
