import type { JobMaps } from '../../src/domain/change.ts';
import {
  durationFromDecimal,
  epochSeconds,
  formatInstant,
  type Instant,
  parseInstant,
  subtractDuration,
} from '../../src/domain/time.ts';
import type { EndCall, HistoryOperations, ModelClock } from './operations.ts';
import type { SourceEvent, World } from './world.ts';

/** What a client holds between its open and its end. */
export interface Work {
  readonly batchId: number;
  readonly jobs: JobMaps;
  rows: ReadonlyMap<string, readonly SourceEvent[]> | null;
  loaded: boolean;
}

/** The rows of each job's window: `[from_date, to_date)` where a job emits, else up to `batch_start` or all there is. */
export function extractRows(world: World, jobs: JobMaps, toBatchStart: boolean): Map<string, readonly SourceEvent[]> {
  return new Map(
    [...jobs].map(([job, parameters]) => {
      const emits = parameters.get('emit_to_date') === true;
      const until = emits ? timeOf(parameters, 'to_date') : toBatchStart ? timeOf(parameters, 'batch_start') : null;
      return [job, world.extract(timeOf(parameters, 'from_date'), until)];
    }),
  );
}

export function loadRows(world: World, work: Work): void {
  for (const [job, rows] of work.rows ?? []) world.put(job, rows);
  work.loaded = true;
}

export function timeOf(parameters: ReadonlyMap<string, unknown>, name: string): Instant {
  return parseInstant(String(parameters.get(name))) as Instant;
}

/** A field of the hash, as another program reads it. */
export function fieldsOf(text: string | undefined): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(JSON.parse(text ?? '{}') as Record<string, unknown>));
}

/** How an end is sent: with the fence, or without. */
export function endCall(work: Work, fenced: boolean, outcome: EndCall['outcome'], namesJobs: boolean): EndCall {
  return {
    outcome,
    batchId: fenced ? work.batchId : null,
    jobs: namesJobs ? [...work.jobs.keys()] : null,
    force: false,
    reason: null,
  };
}

/** The program that ours replaces, on the one job that both use. It knows only the hash, and writes only there. */
export function createOlderProgram(operations: HistoryOperations, world: World, clock: ModelClock) {
  const job = 'shared';
  let opened: { readonly id: unknown; readonly start: unknown; readonly rows: readonly SourceEvent[] } | null = null;
  return {
    /** Opens after a success or on a new job only: after a failure it would move to now, which is why it is replaced. */
    async open(): Promise<void> {
      const fields = fieldsOf((await operations.readHead()).get(job));
      const status = fields.get('status') ?? 'new';
      if (status !== 'success' && status !== 'new') return;
      const reprocess = durationFromDecimal(JSON.stringify(fields.get('reprocess_hours') ?? 0), 'hours');
      const from =
        status === 'success' ? subtractDuration(timeOf(fields, 'batch_start'), reprocess) : timeOf(fields, 'from_date');
      const next = {
        ...Object.fromEntries(fields),
        from_date: formatInstant(from),
        // Not the very instant of another opening, even where both came within one second.
        batch_start: formatInstant(clock.now - 1_000_000n),
        batch_end: null,
        status: 'open',
        batch_id: epochSeconds(clock.now),
      };
      opened = { id: next.batch_id, start: next.batch_start, rows: world.extract(from, null) };
      await operations.writeHead(job, JSON.stringify(next));
    },
    async close(): Promise<boolean> {
      const fields = fieldsOf((await operations.readHead()).get(job));
      if (
        opened === null ||
        fields.get('status') !== 'open' ||
        fields.get('batch_id') !== opened.id ||
        fields.get('batch_start') !== opened.start
      )
        return false;
      world.put(job, opened.rows);
      opened = null;
      await operations.writeHead(
        job,
        JSON.stringify({ ...Object.fromEntries(fields), status: 'success', batch_end: formatInstant(clock.now) }),
      );
      return true;
    },
  };
}
