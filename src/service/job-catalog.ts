import type { JobDefinition } from '../domain/job.ts';
import type { Instant } from '../domain/time.ts';

/** A job file that cannot be used. It does not stop the others. */
export interface BrokenJobFile {
  /** From the folder of jobs. */
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  /** The jobs that it should define, as far as could be told. */
  readonly jobs: readonly string[];
}

export interface CataloguedJob {
  readonly definition: JobDefinition;
  readonly file: string;
  /** Changes with the text of the file, and with that of what it imports: which of them counts. */
  readonly version: string;
  readonly readAt: Instant;
}

/** What the job files say at this moment. They are code, so another process reads them and tells this one. */
export interface JobCatalog {
  /** Resolves when they have been read for the first time. */
  ready(): Promise<void>;
  /** By name. */
  jobs(): ReadonlyMap<string, CataloguedJob>;
  broken(): readonly BrokenJobFile[];
}
