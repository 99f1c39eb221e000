import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  alwaysRevert,
  alwaysRevertAll,
  type DeclaredFlow,
  defineFlow,
  forEach,
  graphFlow,
  linearFlow,
  parameterizedForEach,
  task,
  times,
  unorderedFlow,
} from '../../src/authoring/index.ts';
import type { JournalEntry } from '../../src/domain/change.ts';
import { idOfMember, stepsIndex } from '../../src/domain/document-index.ts';
import { documentKeys } from '../../src/domain/execution-documents.ts';
import { decodeStep, stepFields } from '../../src/domain/execution-text.ts';
import { parseJson } from '../../src/domain/json.ts';
import { runExecution } from '../../src/runner/engine.ts';
import type { ExecutionSession } from '../../src/runner/execution-session.ts';
import { strayErrorTarget } from '../../src/runner/stray-errors.ts';
import { brokenReverts } from '../faults/reverts.ts';
import { flowJob, type Outside, outside, traced, tracedFlow } from './flow-world.ts';
import { createHastyTimers } from './manual-timers.ts';
import { mortalStores } from './mortal-stores.ts';
import { createWorld, type World } from './world.ts';

const never = new AbortController().signal;
const always = 1000;

interface Case {
  readonly what: string;
  readonly fails?: Readonly<Record<string, number>>;
  readonly revertFails?: readonly string[];
  readonly flow: (world: Outside) => DeclaredFlow;
  readonly trace: string;
  readonly status: 'COMPLETED' | 'REVERTED' | 'FAILED';
  readonly ends?: Readonly<Record<string, string>>;
}

/** The acceptance of spec 3 B, to the letter. */
const cases: readonly Case[] = [
  {
    what: 'three tasks of which the last fails',
    fails: { c: 1 },
    flow: (world) => tracedFlow(world, 'f', ['a', 'b', 'c']),
    trace: 'ax bx cx cr br ar',
    status: 'REVERTED',
    ends: { a: 'REVERTED', b: 'REVERTED', c: 'REVERTED' },
  },
  {
    what: 'three attempts of which two fail',
    fails: { b: 2 },
    flow: (world) => tracedFlow(world, 'f', ['a', 'b'], { retry: times(3) }),
    trace: 'ax bx br ar ax bx br ar ax bx',
    status: 'COMPLETED',
    ends: { a: 'SUCCESS', b: 'SUCCESS' },
  },
  {
    what: 'one attempt',
    fails: { a: always },
    flow: (world) => tracedFlow(world, 'f', ['a'], { retry: times(1) }),
    trace: 'ax ar',
    status: 'REVERTED',
  },
  {
    what: 'a flow within that gives up alone',
    fails: { b: always },
    flow: (world) => tracedFlow(world, 'f', ['p', tracedFlow(world, 'sub', ['a', 'b'], { retry: times(2) }), 'z']),
    trace: 'px ax bx br ar ax bx br ar',
    status: 'REVERTED',
    ends: { p: 'SUCCESS', a: 'REVERTED', b: 'REVERTED' },
  },
  {
    what: 'a flow within without a controller',
    fails: { b: always },
    flow: (world) => tracedFlow(world, 'f', ['p', tracedFlow(world, 'sub', ['a', 'b']), 'z']),
    trace: 'px ax bx br ar pr',
    status: 'REVERTED',
  },
  {
    what: 'an outer controller that tries again where the inner one reverts',
    fails: { b: 1 },
    flow: (world) =>
      tracedFlow(world, 'f', ['p', tracedFlow(world, 'sub', ['a', 'b'], { retry: alwaysRevert() }), 'z'], {
        retry: times(2),
      }),
    trace: 'px ax bx br ar pr px ax bx zx',
    status: 'COMPLETED',
  },
  {
    what: 'an inner controller that reverts all',
    fails: { b: 1 },
    flow: (world) =>
      tracedFlow(world, 'f', ['p', tracedFlow(world, 'sub', ['a', 'b'], { retry: alwaysRevertAll() }), 'z'], {
        retry: times(2),
      }),
    trace: 'px ax bx br ar pr',
    status: 'REVERTED',
  },
  {
    what: 'two attempts in two attempts',
    fails: { b: always },
    flow: (world) =>
      tracedFlow(world, 'f', [tracedFlow(world, 'sub', ['b'], { retry: times(2) })], { retry: times(2) }),
    trace: 'bx br bx br bx br bx br',
    status: 'REVERTED',
  },
  {
    what: 'an attempt for each of three values',
    flow: (world) =>
      linearFlow('f', { retry: forEach(['x', 'y', 'ok']) }, [
        traced(world, 'a', {
          requires: ['value'],
          execute: ({ value }) => {
            if (value !== 'ok') throw new Error(`not with ${value as string}`);
          },
        }),
      ]),
    trace: 'ax ar ax ar ax',
    status: 'COMPLETED',
  },
  {
    what: 'a revert that throws',
    fails: { c: 1 },
    revertFails: ['b'],
    flow: (world) => tracedFlow(world, 'f', ['a', 'b', 'c']),
    trace: 'ax bx cx cr br',
    status: 'FAILED',
    ends: { a: 'SUCCESS', b: 'REVERT_FAILURE', c: 'REVERTED' },
  },
];

async function statesOf({ outcome }: World, id: number): Promise<Record<string, unknown>> {
  const { steps } = await outcome(id);
  return Object.fromEntries(steps.map((step) => [step.stepName, stepFields(step)['task_state']]));
}

describe.each(cases)('$what', ({ fails, revertFails, flow, trace, status, ends }) => {
  it('runs and reverts in the order that is written down', async () => {
    const world = await createWorld();
    const around = outside(fails, revertFails);
    const { execution, instance } = await world.runNew(flowJob(() => flow(around)));
    expect(around.trace.join(' ')).toBe(trace);
    expect(execution).toMatchObject({ status, exitCode: status, endedAt: expect.anything() as bigint });
    expect(execution.exitMessage === '').toBe(status === 'COMPLETED');
    expect(await statesOf(world, execution.id)).toMatchObject(ends ?? {});
    expect(instance.steps.size).toBeGreaterThan(0);
    await world.close();
  });

  it('is gone on with behind whichever commit its process dies at', async () => {
    const whole = trace.split(' ');
    for (const after of [false, true]) {
      for (let commit = 1; ; commit += 1) {
        const { stores, die } = await mortalStores();
        const world = await createWorld({ stores });
        const around = outside(fails, revertFails);
        const job = flowJob(() => flow(around));
        const id = await world.launch(job);
        const session = await world.take(id);
        die({ commit, after });
        const result = await runExecution(session, job, world.tools, never);
        die(null);
        const where = `died ${after ? 'after' : 'before'} commit ${commit}`;
        const isOver = result === 'ended';
        const done = around.trace.length;
        // What was under way fails again, if it has failed.
        for (const [name, count] of Object.entries(fails ?? {}))
          around.fails.set(name, count - (await endedExecutions(world, id, name)));
        if (!isOver && (await world.outcome(id)).execution.endedAt === null) await world.run(id, job);
        const { execution } = await world.outcome(id);
        expect(execution.status, where).toBe(status);
        // At most what was under way is done twice.
        const repeated = around.trace.length - whole.length;
        expect(repeated, `${where}: ${around.trace.join(' ')}`).toBeLessThanOrEqual(1);
        const once = repeated === 1 ? [...around.trace.slice(0, done), ...around.trace.slice(done + 1)] : around.trace;
        if (repeated === 1) expect(around.trace[done], where).toBe(around.trace[done - 1]);
        expect(once, where).toEqual(whole);
        expect(await statesOf(world, id), where).toMatchObject(ends ?? {});
        expect(brokenReverts(await entriesOf(world), id), where).toEqual([]);
        await world.close();
        if (isOver) break;
      }
    }
  });
});

/** What the journal tells: of the execution what it became, of tasks also what they were. */
async function journalOf(world: World, id: number): Promise<string[]> {
  return (await entriesOf(world)).flatMap(({ execution, reason }) => {
    if (execution?.id !== id) return [];
    const { stepName, before, after } = execution;
    const what = stepName === null ? after : `${stepName} ${before} ${after}`;
    return [reason === null ? what : `${what} (${reason})`];
  });
}

async function entriesOf({ stores }: World): Promise<JournalEntry[]> {
  const page = { workflow: null, direction: 'ascending', beyond: null, limit: 1000 } as const;
  return (await stores.journal.read(page)).map(({ entry }) => entry);
}

/** How many executions of a task are stored as ended. */
async function endedExecutions({ stores }: World, id: number, name: string): Promise<number> {
  const index = { index: stepsIndex(id), prefix: '', direction: 'ascending', beyond: null, limit: 500 } as const;
  const members = await stores.documents.scan(index);
  const rows = await stores.documents.get(members.map((member) => documentKeys.step(id, idOfMember(member))));
  const steps = rows.map((row) => decodeStep(row?.text ?? ''));
  return steps.filter(
    ({ stepName, flow, endedAt }) => stepName === name && flow?.phase === 'execute' && endedAt !== null,
  ).length;
}

describe('a flow', () => {
  let world: World;
  let around: Outside;
  beforeEach(async () => {
    world = await createWorld();
    around = outside();
  });
  afterEach(() => world.close());

  it('hands values on by their names, and what was posted holds', async () => {
    const seen: unknown[] = [];
    const job = defineFlow('flow', () =>
      graphFlow('f', [
        task('sink', {
          requires: ['one', 'two', 'size', 'from'],
          execute: (values) => void seen.push(values),
        }),
        task('pair', { requires: ['size'], provides: ['one', 'two'], execute: ({ size }) => [size, 'second'] }),
        task('start', { requires: [], provides: 'from', execute: () => 'nobody asks' }),
      ]),
    );
    const { status } = await world.runNew(job, { parameters: { size: 10, from: 'posted' } });
    expect(status).toBe('COMPLETED');
    expect(seen).toEqual([{ one: 10, two: 'second', size: 10, from: 'posted' }]);
  });

  it('gives numbers as numbers, however they were written when they were posted', async () => {
    const seen: unknown[] = [];
    const job = defineFlow('flow', () =>
      linearFlow('f', { retry: parameterizedForEach('sizes', 'size') }, [
        task('a', {
          requires: ['ratio', 'id', 'disk', 'size'],
          execute: (values) => void seen.push(values),
        }),
      ]),
    );
    const parameters = parseJson('{"ratio": 1.0, "id": 12345678901234567890, "disk": {"gb": 1e2}, "sizes": [2.0]}');
    expect((await world.runNew(job, { parameters })).status).toBe('COMPLETED');
    expect(seen).toEqual([{ ratio: 1, id: 12_345_678_901_234_567_890n, disk: { gb: 100 }, size: 2 }]);
  });

  it('gives the arguments of its launch to its function, each time that it is picked up', async () => {
    const built: unknown[] = [];
    const job = defineFlow('flow', ({ attempts = 3 }: { attempts?: number }) => {
      built.push(attempts);
      return linearFlow('f', { retry: times(attempts) }, [traced(around, 'a')]);
    });
    around.fails.set('a', always);
    await world.runNew(job, { parameters: { attempts: 2 } });
    expect(built).toEqual([2]);
    expect(around.trace.join(' ')).toBe('ax ar ax ar');
  });

  it('tells all that is missing before anything runs', async () => {
    const job = defineFlow('flow', () =>
      linearFlow('f', [traced(around, 'a'), task('b', { requires: ['size', 'zone'], execute: () => null })]),
    );
    const { execution, steps } = await world.runNew(job, { parameters: { zone: 'x' } });
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(execution.exitMessage).toContain('"b" requires "size"');
    expect(execution.exitMessage).not.toContain('zone');
    expect([around.trace, steps]).toEqual([[], []]);
  });

  it('tells what is wrong with it before anything runs', async () => {
    const job = flowJob(() => tracedFlow(around, 'f', ['a', 'a']));
    const { execution } = await world.runNew(job);
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(execution.exitMessage).toMatch(/a/);
    expect(around.trace).toEqual([]);
  });

  it('is to blame for what its function does to the process', async () => {
    let blamed: unknown;
    let stored: Promise<unknown> = Promise.resolve();
    const id = 1;
    const job = flowJob(() => {
      blamed = strayErrorTarget();
      stored = Promise.all([world.outcome(id), world.stores.documents.get([documentKeys.lease(id)])]);
      return tracedFlow(around, 'f', ['a']);
    });
    const { execution } = await world.runNew(job);
    expect(blamed).toMatchObject({ executionId: execution.id, jobName: 'flow' });
    // It is somebody's before its function runs, so that whoever comes after one that died of it counts a takeover.
    expect(await stored).toMatchObject([{ execution: { id, status: 'STARTED' } }, [{ revision: 1 }]]);
  });

  it('tells several errors together, each with its task', async () => {
    around.fails.set('a', 1).set('b', 1);
    const { execution } = await world.runNew(
      flowJob(() => unorderedFlow('f', [traced(around, 'a'), traced(around, 'b'), traced(around, 'c')])),
    );
    expect(execution).toMatchObject({ status: 'REVERTED', exitMessage: 'a: a has failed; b: b has failed' });
    expect(around.trace.join(' ')).toBe('ax bx cx br ar cr');
  });

  it('tells the first of very many errors, and how many there are', async () => {
    const names = Array.from({ length: 30 }, (_each, place) => `t${place}`);
    for (const name of names) around.fails.set(name, 1);
    around.revertFails.add('t29');
    const make = () =>
      unorderedFlow(
        'f',
        names.map((name) => traced(around, name)),
      );
    const { exitMessage } = (await world.runNew(flowJob(make))).execution;
    expect(exitMessage).toMatch(
      /^t0: t0 has failed; .*; t19: t19 has failed; and 10 more; t29 \(revert\): t29 cannot be reverted$/,
    );
  });

  it('stores texts of an error, whatever its author has made of it', async () => {
    const error = Object.defineProperties(new Error('x'), { name: { value: 7 }, message: { value: { code: 8 } } });
    const fail = (): never => {
      throw error;
    };
    const { execution } = await world.runNew(
      flowJob(() => linearFlow('f', [task('a', { requires: [], execute: fail })])),
    );
    expect(execution).toMatchObject({ status: 'REVERTED', exitMessage: 'a: {"code":8}' });
  });

  it('tells a revert what the task gave back, and why', async () => {
    const told: unknown[] = [];
    around.fails.set('b', 1);
    await world.runNew(
      defineFlow('flow', () =>
        linearFlow('f', [
          task('a', { requires: [], execute: () => ({ volume: 7 }), revert: (given) => void told.push(given) }),
          traced(around, 'b'),
        ]),
      ),
    );
    expect(told).toEqual([
      {
        succeeded: true,
        result: { volume: 7 },
        failures: [{ task: 'b', during: 'execute', error: { name: 'Error', message: 'b has failed' } }],
      },
    ]);
  });

  it('refuses a result that is no JSON: the task has failed', async () => {
    const { execution } = await world.runNew(
      flowJob(() => linearFlow('f', [task('a', { requires: [], execute: () => new Map() })])),
    );
    expect(execution.status).toBe('REVERTED');
    expect(execution.exitMessage).toMatch(/a: what execute of a returns must be JSON/);
  });

  it('fails a task that is given less than its provider promised', async () => {
    const { execution } = await world.runNew(
      flowJob(() =>
        linearFlow('f', [
          task('a', {
            requires: [],
            provides: ['one', 'two'],
            execute: () => ['only one'],
            revert: () => around.trace.push('ar'),
          }),
          task('b', { requires: ['two'], execute: () => null }),
        ]),
      ),
    );
    expect(execution.exitMessage).toContain('"a" should have provided it and did not');
    expect(around.trace).toEqual(['ar']);
  });

  it('runs no more tasks at a time than maxProcs', async () => {
    let now = 0;
    let most = 0;
    const job = defineFlow(
      'flow',
      () =>
        unorderedFlow(
          'f',
          Array.from({ length: 9 }, (_each, place) =>
            task(`t${place}`, {
              requires: [],
              async execute() {
                now += 1;
                most = Math.max(most, now);
                await new Promise((resolve) => setImmediate(resolve));
                now -= 1;
              },
            }),
          ),
        ),
      { maxProcs: 3 },
    );
    expect((await world.runNew(job)).status).toBe('COMPLETED');
    expect(most).toBe(3);
  });

  it('that is undone when its time is over is REVERTED, and nothing is left to undo', async () => {
    const timers = createHastyTimers();
    let timeOut = (): void => {};
    const late = await createWorld({
      timers: {
        ...timers,
        after(milliseconds, call) {
          if (milliseconds !== 3_600_000) return timers.after(milliseconds, call);
          timeOut = call;
          return () => {};
        },
      },
    });
    const fail = (): never => {
      throw new Error('a has failed');
    };
    const make = () => linearFlow('f', [task('a', { requires: [], execute: fail, revert: () => timeOut() })]);
    const { execution } = await late.runNew(defineFlow('flow', make, { timeout: 3600 }));
    expect(execution).toMatchObject({ status: 'REVERTED', exitMessage: 'a: a has failed' });
    await late.close();
  });

  it('begins nothing more once one could not be stored as begun', async () => {
    const { documents } = world.stores;
    const refused = Promise.withResolvers<void>();
    const reserve = documents.reserve.bind(documents);
    let reserved = 0;
    documents.reserve = async (what, ...asked) => {
      if (what !== 'step' || (reserved += 1) !== 2) return reserve(what, ...asked);
      setImmediate(refused.resolve);
      throw new RangeError('no more ids');
    };
    const others = Array.from({ length: 80 }, (_each, place) => traced(around, `t${place}`));
    const long = task('long', { requires: [], execute: () => refused.promise });
    const job = defineFlow('flow', () => unorderedFlow('f', [long, ...others]), { maxProcs: 2 });
    const { execution } = await world.runNew(job);
    expect(execution).toMatchObject({ status: 'FAILED', exitMessage: 'no more ids' });
    // Ids are reserved for 64 rows at a time.
    expect(around.trace).toHaveLength(63);
  });

  it('stores what a task puts into the context with its end', async () => {
    const { context } = await world.runNew(
      flowJob(() =>
        linearFlow('f', [task('a', { requires: [], execute: (_values, ctx) => ctx.context.set('path', '/landing') })]),
      ),
    );
    expect(context).toEqual({ path: '/landing' });
  });

  it('writes down what becomes of each task, and what was decided', async () => {
    around.fails.set('b', 1);
    const job = flowJob(() => tracedFlow(around, 'f', ['a', 'b'], { retry: times(2) }));
    const { execution } = await world.runNew(job);
    const entries = await journalOf(world, execution.id);
    expect(entries).toEqual([
      'STARTING',
      'STARTED',
      'a PENDING RUNNING',
      'a RUNNING SUCCESS',
      'b PENDING RUNNING',
      'b RUNNING FAILURE (b has failed)',
      'STARTED (reverts f, then tries it again (after attempt 1))',
      'b FAILURE REVERTING',
      'b REVERTING REVERTED',
      'a SUCCESS REVERTING',
      'a REVERTING PENDING',
      'b REVERTED PENDING',
      'a PENDING RUNNING',
      'a RUNNING SUCCESS',
      'b PENDING RUNNING',
      'b RUNNING SUCCESS',
      'COMPLETED',
    ]);
  });
});

describe('a flow that is restarted', () => {
  let world: World;
  beforeEach(async () => (world = await createWorld()));
  afterEach(() => world.close());

  it('begins anew what was reverted, and keeps what was not', async () => {
    const around = outside({ b: always });
    const job = flowJob(() =>
      tracedFlow(around, 'f', ['p', tracedFlow(around, 'sub', ['a', 'b'], { retry: times(1) }), 'z']),
    );
    expect((await world.runNew(job)).status).toBe('REVERTED');
    expect(around.trace.join(' ')).toBe('px ax bx br ar');
    around.fails.clear();
    around.trace.length = 0;
    expect((await world.runNew(job)).status).toBe('COMPLETED');
    expect(around.trace.join(' ')).toBe('ax bx zx');
  });

  it('has all attempts again', async () => {
    const around = outside({ a: 3 });
    const job = flowJob(() => tracedFlow(around, 'f', ['a'], { retry: times(2) }));
    expect((await world.runNew(job)).status).toBe('REVERTED');
    expect((await world.runNew(job)).status).toBe('COMPLETED');
    expect(around.trace.join(' ')).toBe('ax ar ax ar ax ar ax');
  });

  it('reverts again what could not be reverted, then the rest', async () => {
    const around = outside({ c: 1 }, ['b']);
    const job = flowJob(() => tracedFlow(around, 'f', ['a', 'b', 'c']));
    expect((await world.runNew(job)).status).toBe('FAILED');
    around.revertFails.clear();
    around.trace.length = 0;
    expect((await world.runNew(job)).status).toBe('REVERTED');
    expect(around.trace.join(' ')).toBe('br ar');
  });

  it('by force begins with nothing', async () => {
    const around = outside({ c: 1 });
    const job = flowJob(() => tracedFlow(around, 'f', ['a', 'b', 'c']));
    await world.runNew(job);
    await world.runNew(job);
    around.trace.length = 0;
    expect((await world.runNew(job, { forced: true })).status).toBe('COMPLETED');
    expect(around.trace.join(' ')).toBe('ax bx cx');
  });

  it('goes on where it was stopped, forwards and backwards', async () => {
    const around = outside({ c: 1 });
    let stopAt: string | null = 'bx';
    let session: ExecutionSession;
    const stopIf = async (what: string): Promise<void> => {
      around.trace.push(what);
      if (stopAt !== what) return;
      await world.requestStop(session.state.execution.id);
      await session.refresh();
    };
    const stopping = (name: string) =>
      task(name, {
        requires: [],
        async execute() {
          await stopIf(`${name}x`);
          if (name === 'c') throw new Error('c has failed');
          return name;
        },
        async revert({ result }) {
          expect(result).toBe(name === 'c' ? null : name);
          await stopIf(`${name}r`);
        },
      });
    const job = flowJob(() => linearFlow('f', ['a', 'b', 'c'].map(stopping)));
    const runStopped = async (): Promise<string> => {
      const id = await world.launch(job);
      session = await world.take(id);
      await runExecution(session, job, world.tools, never);
      return (await world.outcome(id)).status;
    };
    expect(await runStopped()).toBe('STOPPED');
    expect(around.trace.join(' ')).toBe('ax bx');
    stopAt = 'br';
    expect(await runStopped()).toBe('STOPPED');
    expect(around.trace.join(' ')).toBe('ax bx cx cr br');
    stopAt = null;
    expect(await runStopped()).toBe('REVERTED');
    expect(around.trace.join(' ')).toBe('ax bx cx cr br ar');
  });

  it('goes on with its code as it is then', async () => {
    const around = outside({ b: 1 });
    const first = flowJob(() => tracedFlow(around, 'f', ['a', tracedFlow(around, 'sub', ['b'], { retry: times(1) })]));
    expect((await world.runNew(first)).status).toBe('REVERTED');
    around.trace.length = 0;
    const second = flowJob(() => tracedFlow(around, 'f', ['a', 'new', tracedFlow(around, 'sub', ['b'])]));
    expect((await world.runNew(second)).status).toBe('COMPLETED');
    expect(around.trace.join(' ')).toBe('newx bx');
  });
});
