import type { JobMaps } from '../../src/domain/change.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Instant } from '../../src/domain/time.ts';

/** What an operation gave: its answer, or the code with which it was refused. Anything else that is thrown is a defect. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string };

export interface OpenAnswer {
  readonly batchId: number;
  /** The addressed jobs' new maps, as the client reads them. */
  readonly jobs: JobMaps;
}

/** The clock by which the operations under test cut windows; the model moves it, also backwards. */
export interface ModelClock {
  now: Instant;
}

/**
 * One workflow as its clients, operators and another program see it. The histories of this folder run against anything that
 * offers this: the pure rules with a map to hold the state, or the service over a real store.
 */
export interface HistoryOperations {
  load(request: { jobs: JobMaps; mode: 'replace' | 'merge'; force: boolean }): Promise<Outcome<null>>;
  open(request: {
    jobs: readonly string[] | null;
    ifOpen: 'reopen' | 'reject';
    force: boolean;
  }): Promise<Outcome<OpenAnswer>>;
  end(request: EndCall): Promise<Outcome<null>>;
  edit(request: { job: string; set: Readonly<Record<string, Json>>; force: boolean }): Promise<Outcome<null>>;
  backfill(request: { jobs: readonly string[]; from: Instant; until: Instant }): Promise<Outcome<OpenAnswer>>;
  /** Where the next window of each job would begin, were it opened by force at `asOf`. */
  preview(asOf: Instant): Promise<ReadonlyMap<string, Instant>>;
  /** The watch for wrong clocks. */
  heartbeat(): Promise<void>;
  /** The hash as another program reads it: job to JSON text. */
  readHead(): Promise<ReadonlyMap<string, string>>;
  /** Writes one field of the hash, as another program does that knows nothing of us. */
  writeHead(job: string, text: string): Promise<void>;
}

export interface EndCall {
  readonly outcome: 'success' | 'failed';
  readonly jobs: readonly string[] | null;
  readonly batchId: number | null;
  readonly force: boolean;
  readonly reason: string | null;
}
