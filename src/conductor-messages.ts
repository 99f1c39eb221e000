import type { Settings } from './config/schema.ts';
import type { ConductorRole } from './domain/heartbeat.ts';
import type { JobTallies } from './domain/job-counts.ts';
import type { BrokenJobFile, CataloguedJob } from './service/job-catalog.ts';

/** What the service and the process that runs its jobs say to each other. */

/** First of all: what it is to work with. */
export interface Start {
  readonly kind: 'start';
  readonly settings: Settings;
  /** Job files that are not to be read, and why. */
  readonly withheld: ReadonlyMap<string, string>;
  /** Its name in the store, which no other conductor has or had. */
  readonly conductor: string;
  /** Whether it runs beside a server, or by itself. */
  readonly role: ConductorRole;
  /** The process id of whoever started it. */
  readonly host: number;
  /** The descriptor of a socket on which the service asks whose code runs while the process does not answer. */
  readonly questions: number | null;
  /** Of the service: with another one it may not even mean the same by this message. */
  readonly version: string;
}

export type ToConductor =
  | Start
  /** Whether it still answers. */
  | { readonly kind: 'ping' }
  /** Something was launched or is to stop: look now. */
  | { readonly kind: 'look' }
  /** Job files have changed and another process has read them: end what runs, take nothing new. */
  | { readonly kind: 'drain' }
  /** The service stops: running steps get their signal, executions stay resumable. */
  | { readonly kind: 'stop' };

export type FromConductor =
  /** The job file that it is about to read: the last thing heard, should the file end or block it. */
  | { readonly kind: 'reading'; readonly file: string }
  /** To a `ping`. */
  | { readonly kind: 'alive' }
  /** What it has counted since it said so last. */
  | { readonly kind: 'counts'; readonly tallies: JobTallies }
  /** Job code ends the process, a step's or (`null`) that at the top of a job file: the last thing heard of it. */
  | { readonly kind: 'exiting'; readonly executionId: number | null; readonly whose: string; readonly code: number }
  /** Something in it may be broken: it ends what it runs, and another one should take what is new. */
  | { readonly kind: 'unsound'; readonly why: string }
  | { readonly kind: 'catalog'; readonly jobs: readonly TravellingJob[]; readonly broken: readonly BrokenJobFile[] }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string };

/** What this version can be told. */
export const fromConductorKinds: ReadonlySet<string> = new Set([
  'log',
  'reading',
  'catalog',
  'alive',
  'unsound',
  'exiting',
  'counts',
] satisfies FromConductor['kind'][]);

export interface TravellingJob extends Omit<CataloguedJob, 'definition'> {
  /** `jobDefinitionText`: what a definition holds cannot travel as it is. */
  readonly definition: string;
}
