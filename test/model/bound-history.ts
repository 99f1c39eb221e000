import { expect } from 'vitest';

import { formatInstant, type Instant } from '../../src/domain/time.ts';
import type { AppWithJobs } from '../acceptance/app-with-jobs.ts';
import type { Called } from '../http/test-app.ts';
import { type BoundHistory, type BoundStep, type Failure, type LoadedJob, loadedJobs } from './bound-steps.ts';
import { type BoundWorld, createBoundWorld, instantOf } from './bound-world.ts';

const toDateOfUser = 'whenever';
const second = 1_000_000_000n;

/** Why a launch may be refused; whatever else it says would be a mistake. */
const refusals = ['/problems/batch-open', '/problems/empty-window'];

/** What a client holds that has opened a batch. */
interface Opened {
  readonly batchId: number;
  readonly maps: ReadonlyMap<LoadedJob, Readonly<Record<string, unknown>>>;
}

/**
 * One workflow, and what happens to it: after each step nothing is missing before a watermark, and in the end everything can be
 * loaded.
 */
export async function runBoundHistory(
  app: AppWithJobs,
  worlds: Map<string, BoundWorld>,
  { ownToDate, steps }: BoundHistory,
): Promise<void> {
  const history = String(worlds.size + 1);
  const workflow = `orders-${history}`;
  const beginning = app.clock.peek();
  const world = createBoundWorld(beginning);
  worlds.set(history, world);
  const from = formatInstant(beginning);
  app.configure(
    workflow,
    `emitting:\n  from_date: "${from}"\n  emit_to_date: true\nown:\n  from_date: "${from}"\n  reprocess_hours: 0.5\n${ownToDate ? `  to_date: ${toDateOfUser}\n` : ''}`,
  );
  const executions: number[] = [];
  let opened: Opened | null = null;

  async function ok(method: 'POST' | 'PATCH' | 'GET', url: string, more = {}): Promise<Called['json']> {
    const { status, text, json } = await app.call(method, url, more);
    expect(status, text).toBe(200);
    return json;
  }
  const maps = (): Promise<Called['json']> => ok('GET', `/get_status/${workflow}`);

  /** @returns the status of the execution, once it has ended; `null` where it was refused as it may be */
  async function ends({ status, text, json }: Called, allowed: readonly string[]): Promise<string | null> {
    if (status !== 202) {
      expect(allowed, text).toContain(json?.type);
      return null;
    }
    executions.push(json.execution_id);
    return (await app.ended(json.execution_id)).status;
  }

  function launch(fails: Failure, query: string, parameters: object, allowed = refusals): Promise<string | null> {
    world.fails = fails;
    return app
      .call('POST', `/jobs/Bound/launch${query}`, { body: { history, ...parameters } })
      .then((answer) => ends(answer, allowed));
  }

  async function take(step: BoundStep): Promise<void> {
    switch (step.kind) {
      case 'pass':
        return app.clock.advance({ seconds: step.seconds });
      case 'emit':
        world.emit(step.region, app.clock.peek());
        return app.clock.advance({ seconds: 1 });
      case 'launch': {
        const { fails, query, region } = step;
        const given = region === null ? {} : { region: { value: region, identifying: true } };
        await launch(fails, query, given, region === null ? refusals : [...refusals, '/problems/invalid-parameters']);
        return;
      }
      case 'backfill': {
        const until = app.clock.peek() - BigInt(step.ago) * second;
        const window = {
          from_date: formatInstant(until - BigInt(step.seconds) * second),
          to_date: formatInstant(until),
        };
        await launch(step.fails, '', window);
        return;
      }
      case 'restart':
      case 'abandon': {
        const id = executions[step.nth % executions.length];
        if (id === undefined) return;
        if (step.kind === 'restart') world.fails = step.fails;
        const answer = await app.call('POST', `/executions/${id}/${step.kind}`);
        expect([202, 409], answer.text).toContain(answer.status);
        if (step.kind === 'restart' && answer.status === 202) await ends(answer, []);
        return;
      }
      case 'open': {
        const query = step.job === null ? '' : `&job=${step.job}`;
        const answer = await app.call('POST', `/open_batch/${workflow}?if_open=reopen${query}`);
        if (answer.status === 200) opened = openedOf(answer.json);
        else expect(refusals, answer.text).toContain(answer.json?.type);
        return;
      }
      case 'end':
        if (opened !== null) await endByClient(opened, step.how);
        opened = null;
        return;
      case 'undo':
        return undo(step.job);
      case 'edit-back': {
        const fromDate = formatInstant((await watermarks()).get(step.job)! - BigInt(step.seconds) * second);
        const edit = {
          body: { set: { from_date: fromDate }, reason: 'the model edits' },
          headers: { 'if-match': '*' },
        };
        const { status, text } = await app.call('PATCH', `/workflows/${workflow}/jobs/${step.job}`, edit);
        expect([200, 409], text).toContain(status);
        return;
      }
      case 'load': {
        const { status, text } = await app.call('POST', `/load_cfg/${workflow}?mode=${step.mode}`);
        expect([200, 409], text).toContain(status);
      }
    }
  }

  async function endByClient({ batchId, maps: told }: Opened, how: 'close' | 'fail' | 'die'): Promise<void> {
    if (how !== 'fail')
      for (const [job, map] of told) {
        const until = map['emit_to_date'] === true ? instantOf(map['to_date']) : null;
        world.put(job, world.extract(instantOf(map['from_date']), until));
      }
    if (how === 'die') return;
    const { status, text } = await app.call('POST', `/${how}_batch/${workflow}?batch_id=${batchId}`);
    expect([200, 409], text).toContain(status);
  }

  async function undo(job: LoadedJob): Promise<void> {
    const before = await maps();
    if (before[job].status !== 'success') return;
    const batchId: number = before[job].batch_id;
    const asked = `/fail_batch/${workflow}?batch_id=${batchId}&reason=half of it is missing`;
    let answer = await app.call('POST', asked);
    // A job whose watermark was edited since has no batch any more: then the one that is meant is named.
    if (answer.json?.type === '/problems/never-opened') answer = await app.call('POST', `${asked}&job=${job}`);
    expect(answer.status, answer.text).toBe(200);
    const after = answer.json;
    for (const each of loadedJobs)
      if (before[each].status === 'success' && after[each]?.status === 'failed')
        world.discard(each, instantOf(after[each].from_date));
  }

  async function watermarks(): Promise<Map<LoadedJob, Instant>> {
    const { jobs } = await ok('GET', `/workflows/${workflow}/preview?force=true&as_of=2100-01-01`);
    return new Map(jobs.map((each: { job: LoadedJob; from_date: string }) => [each.job, instantOf(each.from_date)]));
  }

  async function check(): Promise<void> {
    world.expectNothingMissing(await watermarks());
    if (ownToDate) expect((await maps()).own).toMatchObject({ to_date: toDateOfUser });
  }

  await ok('POST', `/load_cfg/${workflow}`);
  for (const step of steps) {
    await take(step);
    if (step.kind !== 'pass' && step.kind !== 'emit') await check();
  }
  // No watermark is stuck: what a failed window has left is loaded, and then what came after it.
  for (let launches = 0; launches < 3; launches += 1) {
    app.clock.advance({ hours: 1 });
    expect(await launch(null, '?supersede=true', {}, [])).toBe('COMPLETED');
    await check();
  }
  world.expectNothingMissing(new Map(loadedJobs.map((job) => [job, app.clock.peek() - 1800n * second])));
}

function openedOf(json: Readonly<Record<LoadedJob, Record<string, unknown>>>): Opened {
  const maps = new Map(loadedJobs.flatMap((job) => (json[job] === undefined ? [] : [[job, json[job]]])));
  return { batchId: Number([...maps.values()][0]?.['batch_id']), maps };
}
