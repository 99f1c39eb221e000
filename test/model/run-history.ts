import { expect } from 'vitest';

import { formatInstant, type Instant } from '../../src/domain/time.ts';
import { createOlderProgram, endCall, extractRows, fieldsOf, loadRows, timeOf, type Work } from './clients.ts';
import type { EndCall, HistoryOperations, ModelClock, Outcome } from './operations.ts';
import { type JobName, jobNames, type Step } from './steps.ts';
import { configuration, createWorld, firstDate, type SourceClock, tick } from './world.ts';

export interface HistoryOptions {
  /** Whether clients close with the id that their open gave them. */
  readonly fenced: boolean;
  readonly sourceClock: SourceClock;
}

/** May move a watermark forward; everything else may at most lower it. */
const movers: ReadonlySet<Step['kind']> = new Set([
  'end',
  'run',
  'end-again',
  'operator-closes',
  'operator-fails',
  'older-open',
  'older-close',
  'edit-back',
  'setting',
  'load',
]);

/**
 * Carries out a history and then lets every job catch up. Throws where an event is skipped for good, a watermark moves of
 * itself, a window that is run again is another one, an id comes twice, or a refused request changes something.
 */
export async function runHistory(
  operations: HistoryOperations,
  clock: ModelClock,
  steps: readonly Step[],
  { fenced, sourceClock }: HistoryOptions,
): Promise<void> {
  const world = createWorld(clock, sourceClock);
  const older = createOlderProgram(operations, world, clock);
  const working: (Work | null)[] = [null, null, null];
  const ended: ({ work: Work; call: EndCall } | null)[] = [null, null, null];
  /** Windows that must come again as they were, until something entitles them to change. */
  const sameAgain = new Map<string, { from: string; until: string }>();
  let greatestId = 0;

  await accepted(operations.load({ jobs: configuration(firstDate), mode: 'replace', force: false }));
  for (const step of steps) {
    const before = await operations.preview(world.farAhead());
    world.moment();
    await take(step);
    const after = await operations.preview(world.farAhead());
    if (movers.has(step.kind)) continue;
    for (const [job, from] of after) {
      const was = before.get(job) as Instant;
      if (from > was)
        expect.fail(`${step.kind} moved the watermark of ${job} from ${formatInstant(was)} to ${formatInstant(from)}`);
    }
  }
  await catchUp();
  for (const job of jobNames) expect(world.missing(job, null), `events skipped for good in ${job}`).toEqual([]);

  async function take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'pass':
        return world.pass(step.ticks);
      case 'emit':
        return world.emit();
      case 'set-back':
      case 'return':
        world.setBack(step.kind === 'return' ? 0 : step.ticks);
        sameAgain.clear();
        return operations.heartbeat();
      case 'open':
        return open(step.client, step.jobs, step.force, step.reject);
      case 'extract':
      case 'put':
        return progress(working[step.client] ?? null, step);
      case 'end':
        return end(step.client, step.gaveUp, step.namesJobs);
      case 'run':
        await open(step.client, step.jobs, true, false);
        progress(working[step.client] ?? null, { kind: 'extract', client: step.client, toBatchStart: true });
        progress(working[step.client] ?? null, { kind: 'put', client: step.client });
        return end(step.client, false, false);
      case 'end-again':
        return endAgain(step.client);
      case 'die':
        working[step.client] = null;
        ended[step.client] = null;
        return;
      case 'operator-fails':
        await whole(
          operations.end({ outcome: 'failed', jobs: [step.job], batchId: null, force: true, reason: 'look again' }),
        );
        return;
      case 'operator-closes':
        return operatorCloses(step.job);
      case 'edit-back': {
        const next = (await operations.preview(world.farAhead())).get(step.job) as Instant;
        sameAgain.delete(step.job);
        await whole(
          operations.edit({
            job: step.job,
            set: { from_date: formatInstant(next - BigInt(step.ticks) * tick) },
            force: step.force,
          }),
        );
        return;
      }
      case 'setting':
        sameAgain.delete(step.job);
        await whole(operations.edit({ job: step.job, set: { [step.name]: step.value }, force: step.force }));
        return;
      case 'load': {
        // An operator who forces takes it upon himself; the model's says that everything is to be loaded.
        const fromDate = step.force ? firstDate : world.agoAsText(step.agoTicks);
        sameAgain.clear();
        await whole(operations.load({ jobs: configuration(fromDate), mode: step.mode, force: step.force }));
        return;
      }
      case 'backfill':
        return backfill(step);
      case 'older-open':
        sameAgain.delete('shared');
        return older.open();
      case 'older-close':
        await older.close();
    }
  }

  async function open(client: number, jobs: readonly JobName[] | null, force: boolean, reject: boolean): Promise<void> {
    const before = await operations.readHead();
    const previews = await operations.preview(world.farAhead());
    const opened = await whole(operations.open({ jobs, force, ifOpen: reject ? 'reject' : 'reopen' }));
    if (!opened.ok) return;
    const { batchId, jobs: maps } = opened.value;
    noteId(batchId, before);
    for (const [job, parameters] of maps) {
      const from = timeOf(parameters, 'from_date');
      // The watch does not see what the older program wrote; asked for a far time, a preview sees nothing ahead of the clock.
      const started = fieldsOf(before.get(job)).get('batch_start');
      const isAheadUnseen = job === 'shared' && typeof started === 'string' && started > formatInstant(clock.now);
      if (!isAheadUnseen)
        expect(formatInstant(from), `${job} opened alone or with others`).toBe(
          formatInstant(previews.get(job) as Instant),
        );
      expect(world.missing(job, from), `events skipped by ${job}, which begins at ${formatInstant(from)}`).toEqual([]);
      const window = { from: formatInstant(from), until: JSON.stringify(parameters.get('to_date') ?? null) };
      const status = fieldsOf(before.get(job)).get('status');
      const known = sameAgain.get(job);
      if ((status === 'open' || status === 'failed') && known !== undefined)
        expect(window, `the window of ${job}, again`).toEqual(known);
      sameAgain.set(job, window);
    }
    working[client] = { batchId, jobs: maps, rows: null, loaded: false };
    ended[client] = null;
  }

  function noteId(batchId: number, head: ReadonlyMap<string, string>): void {
    const foreign = [...head.values()].map((text) => Number(fieldsOf(text).get('batch_id') ?? 0));
    expect(batchId, 'ids grow').toBeGreaterThan(Math.max(greatestId, ...foreign));
    greatestId = batchId;
  }

  function progress(work: Work | null, step: Extract<Step, { kind: 'extract' | 'put' }>): void {
    if (work === null) return;
    if (step.kind === 'extract') work.rows = extractRows(world, work.jobs, step.toBatchStart);
    else if (work.rows !== null) loadRows(world, work);
  }

  /** A client closes what it has loaded, and fails what it has not. */
  async function end(client: number, gaveUp: boolean, namesJobs: boolean): Promise<void> {
    const work = working[client] ?? null;
    if (work === null) return;
    const call = endCall(work, fenced, work.loaded && !gaveUp ? 'success' : 'failed', namesJobs);
    await send(work, call);
    working[client] = null;
    ended[client] = { work, call };
  }

  /** The answer was lost, so the client sends its end again: now, or much later. */
  async function endAgain(client: number): Promise<void> {
    const last = ended[client] ?? null;
    if (last !== null) await send(last.work, last.call);
  }

  async function send(work: Work, call: EndCall): Promise<void> {
    const before = await operations.readHead();
    const result = await whole(operations.end(call));
    if (!result.ok) return;
    for (const [job, text] of await operations.readHead()) {
      const [was, is] = [fieldsOf(before.get(job)), fieldsOf(text)];
      if (was.get('status') === is.get('status')) continue;
      const own = work.jobs.get(job);
      if (
        own !== undefined &&
        own.get('batch_id') === was.get('batch_id') &&
        own.get('batch_start') === was.get('batch_start')
      )
        continue;
      if (fenced) expect.fail(`a fenced ${call.outcome} ended the batch of somebody else in ${job}`);
      if (call.outcome === 'failed') continue;
      world.excuse(job, world.missing(job, timeOf(is, is.get('emit_to_date') === true ? 'to_date' : 'batch_start')));
    }
  }

  /** An operator declares a window loaded, having seen that it is. */
  async function operatorCloses(job: JobName): Promise<void> {
    const fields = fieldsOf((await operations.readHead()).get(job));
    if (typeof fields.get('batch_start') !== 'string') return;
    const until = timeOf(fields, fields.get('emit_to_date') === true ? 'to_date' : 'batch_start');
    // Settings may have changed since the open, so the operator looks at all that there is.
    if (until === null || world.missing(job, null).length > 0) return;
    await whole(operations.end({ outcome: 'success', jobs: [job], batchId: null, force: true, reason: 'counted it' }));
  }

  async function backfill(step: Extract<Step, { kind: 'backfill' }>): Promise<void> {
    const before = await operations.readHead();
    const from = clock.now - BigInt(step.agoTicks) * tick;
    const until = from + BigInt(Math.min(step.ticks, step.agoTicks)) * tick;
    const { batchId } = await accepted(operations.backfill({ jobs: [step.job], from, until }));
    noteId(batchId, before);
    world.put(step.job, world.extract(from, until));
    if (step.ends)
      await accepted(operations.end({ outcome: 'success', jobs: null, batchId, force: false, reason: null }));
    expect(await operations.readHead()).toEqual(before);
  }

  /** A refused request leaves the hash as it was, to the byte. */
  async function whole<T>(asked: Promise<Outcome<T>>): Promise<Outcome<T>> {
    const before = operations.readHead();
    const [head, result] = [await before, await asked];
    if (!result.ok) expect(await operations.readHead(), `refused with ${result.code}`).toEqual(head);
    return result;
  }

  /** Everybody has gone home; each job is run until it has caught up. */
  async function catchUp(): Promise<void> {
    world.setBack(0);
    await operations.heartbeat();
    for (const job of jobNames) {
      for (let round = 0; round < 200; round += 1) {
        world.pass(400);
        await open(0, [job], true, false);
        const work = working[0] as Work;
        work.rows = extractRows(world, work.jobs, true);
        loadRows(world, work);
        await accepted(operations.end(endCall(work, true, 'success', true)));
        const next = (await operations.preview(world.farAhead())).get(job) as Instant;
        if (next > world.lastEventAt() || world.missing(job, null).length === 0) break;
      }
    }
  }
}

async function accepted<T>(asked: Promise<Outcome<T>>): Promise<T> {
  const result = await asked;
  if (!result.ok) return expect.fail(`refused with ${result.code}`);
  return result.value;
}
