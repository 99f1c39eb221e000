import { expect } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { Json } from '../../src/domain/json.ts';
import { formatInstant, type Instant, parseInstant } from '../../src/domain/time.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { timeOf } from '../model/clients.ts';
import type { Outcome } from '../model/operations.ts';
import { createServiceOperations } from '../model/service-operations.ts';

const hour = 3_600_000_000_000n;
const noon = parseInstant('2026-06-01T12:00:00') as Instant;
/** Long enough for a window that begins before every event. */
const firstDate = noon - 24n * hour;
const betweenEvents = hour / 6n;
const job = 'job1';

export interface OpenedWindow {
  readonly batchId: number;
  readonly from: Instant;
  /** Where the next window begins, `reprocess_hours` aside. */
  readonly until: Instant;
}

/**
 * The service with one job, by a clock that can be wrong, and a source of an event every ten minutes that bears the right
 * time. After each open it is looked that nothing before the window is still to be loaded.
 */
export async function createClockedSource(parameters: Readonly<Record<string, Json>>) {
  const clock = { now: noon };
  let [truth, error, frozenAt] = [noon, 0n, null as Instant | null];
  let closedUntil = firstDate;
  const loaded = new Set<Instant>();
  let stores: Stores | null = null;
  const operations = await createServiceOperations({
    clock,
    livesFor: 3,
    reopen: async (given) => (stores ??= await createMemoryStores({ clock: given })),
    writeHead: null,
  });
  const configured = new Map<string, Json>([['from_date', formatInstant(firstDate)], ...Object.entries(parameters)]);
  const load = await operations.load({ jobs: new Map([[job, configured]]), mode: 'replace', force: false });
  expect(load.ok).toBe(true);

  const apply = (): void => {
    clock.now = frozenAt ?? truth + error;
  };
  const inHours = (hours: number): bigint => BigInt(Math.round(hours * 60)) * (hour / 60n);

  function events(from: Instant, until: Instant): Instant[] {
    const found: Instant[] = [];
    for (let at = firstDate; at < until && at < truth; at += betweenEvents) if (at >= from) found.push(at);
    return found;
  }
  const missing = (until: Instant): string[] =>
    events(firstDate, until)
      .filter((at) => !loaded.has(at))
      .map(formatInstant);

  async function open({ force = false } = {}): Promise<OpenedWindow> {
    const outcome = await operations.open({ jobs: null, ifOpen: 'reopen', force });
    if (!outcome.ok) return expect.fail(`refused with ${outcome.code}`);
    const map = outcome.value.jobs.get(job) ?? new Map<string, Json>();
    const from = timeOf(map, 'from_date');
    const until = timeOf(map, map.has('to_date') ? 'to_date' : 'batch_start');
    expect(missing(from), `still to be loaded, though before ${formatInstant(from)}`).toEqual([]);
    return { batchId: outcome.value.batchId, from, until };
  }

  const tryEnd = ({ batchId }: OpenedWindow, outcome: 'success' | 'failed'): Promise<Outcome<null>> =>
    operations.end({ outcome, jobs: null, batchId, force: false, reason: null });

  async function end(window: OpenedWindow, outcome: 'success' | 'failed'): Promise<void> {
    expect(await tryEnd(window, outcome)).toEqual({ ok: true, value: null });
  }

  /** Loads what the window proves loaded and not an event more, then closes it. */
  async function finish(window: OpenedWindow): Promise<void> {
    for (const at of events(window.from, window.until)) loaded.add(at);
    await end(window, 'success');
    closedUntil = window.until;
  }

  return {
    operations,
    open,
    end,
    tryEnd,
    finish,
    /** Opens, extracts and closes. */
    async run(options: { force?: boolean } = {}): Promise<OpenedWindow> {
      const window = await open(options);
      await finish(window);
      return window;
    },
    /** An open is refused with this code, and leaves the head as it was. */
    async refused(code: string): Promise<void> {
      const before = await operations.readHead();
      expect(await operations.open({ jobs: null, ifOpen: 'reopen', force: false })).toEqual({ ok: false, code });
      expect(await operations.readHead()).toEqual(before);
    },
    /** Where a window begins that follows the success of this one. */
    after: ({ until }: OpenedWindow): Instant => until - inHours(Number(parameters['reprocess_hours'] ?? 0)),
    /** Events that no closed window had, though they lie before the end of the last. */
    missing: (): string[] => missing(closedUntil),
    truth: (): Instant => truth,
    /** What the clock shows. */
    reading: (): Instant => clock.now,
    pass(hours: number): void {
      truth += inHours(hours);
      apply();
    },
    /** How far the clock is ahead of the right time. */
    err(hours: number): void {
      error = inHours(hours);
      apply();
    },
    freeze(): void {
      frozenAt = truth;
    },
    thaw(): void {
      frozenAt = null;
      apply();
    },
  };
}

export type ClockedSource = Awaited<ReturnType<typeof createClockedSource>>;
