import type { JobDefinition } from '../domain/job.ts';
import type { StepBody } from './step-body.ts';

/** A job that can be run: its definition, and the code of each of its steps by name. */
export interface RunnableJob {
  readonly definition: JobDefinition;
  readonly bodies: ReadonlyMap<string, StepBody>;
  /** Of the file that it was read from, if from one. */
  readonly version?: string;
}
