import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { defineFlow, defineJob, linearFlow, step, task, times } from '../../src/authoring/index.ts';
import { appWithJobs, type AppWithJobs } from '../acceptance/app-with-jobs.ts';

/** Names of tasks whose execute throws. */
let failing: ReadonlySet<string>;
/** Nobody can make the flow. */
let isBroken: boolean;
/** Names of tasks whose revert throws. */
let stuck: ReadonlySet<string>;
let release: () => void;
/** Whom `hold` waits for. */
let held: Promise<void>;
const trace: string[] = [];

const traced = (name: string, work: () => unknown = () => undefined) =>
  task(name, {
    requires: [],
    execute: () => {
      trace.push(`${name}x`);
      if (failing.has(name)) throw new Error(`no ${name}`);
      return work();
    },
    revert: () => {
      trace.push(`${name}r`);
      if (stuck.has(name)) throw new Error(`${name} stays`);
    },
  });

/** p, then a and b, which are reverted by themselves, then z, which has no revert. */
const provision = defineFlow(
  'Provision',
  ({ attempts = 1 }) => {
    if (isBroken) throw new Error('no idea');
    return linearFlow('all', [
      traced('p'),
      linearFlow('sub', { retry: times(attempts) }, [traced('a'), traced('b')]),
      task('z', { requires: [], execute: () => trace.push('zx') }),
    ]);
  },
  { description: 'makes a server', maxProcs: 4 },
);
const waiting = defineFlow('Waiting', () => linearFlow('l', [traced('a'), traced('hold', () => held), traced('b')]));
const sized = defineFlow('Sized', ({ size }) => expect.fail(`it was made of ${size}`));
const plain = defineJob({ name: 'Plain', steps: [step('Only', () => undefined)] });

let app: AppWithJobs;
beforeEach(async () => {
  failing = new Set();
  stuck = new Set();
  isBroken = false;
  trace.length = 0;
  held = new Promise((resolve) => {
    release = resolve;
  });
  app = await appWithJobs({
    jobs: [provision, waiting, sized, plain],
    cfg: {},
    settings: { EXECUTION_RETENTION_DAYS: 30 },
    openStores: (clock) => createMemoryStores({ clock }),
  });
  onTestFinished(() => release());
});

const get = async (url: string) => (await app.call('GET', url)).json;
const post = (url: string, body?: object) => app.call('POST', url, body === undefined ? {} : { body });
const restart = async (id: number) => app.ended((await post(`/executions/${id}/restart`)).json.execution_id);

/** `a SUCCESS` for each task. */
async function states(id: number): Promise<string> {
  const { nodes } = (await get(`/executions/${id}/graph`)) as {
    nodes: { name: string; kind: string; task_state: string | null }[];
  };
  return nodes.flatMap(({ name, kind, task_state: state }) => (kind === 'task' ? `${name} ${state}` : [])).join(', ');
}

async function planOf(id: number): Promise<string> {
  const plan = (await get(`/executions/${id}/restart-plan`)) as { step_name: string; action: string }[];
  return plan.map(({ step_name: name, action }) => `${name} ${action}`).join(', ');
}

describe('a flow', () => {
  it('is a job without a graph of its own', async () => {
    expect(await get('/jobs/Provision')).toMatchObject({
      kind: 'flow',
      description: 'makes a server',
      max_procs: 4,
      new_instance_per_launch: true,
      parameters: { attempts: { type: null, required: false, identifying: true } },
      graph: { nodes: [], edges: [] },
    });
    expect((await get('/jobs/Plain')).kind).toBe('steps');
    expect((await get('/jobs')).jobs.map(({ name }: { name: string }) => name)).toEqual([
      'Plain',
      'Provision',
      'Sized',
      'Waiting',
    ]);
  });

  it('shows its tasks once it was picked up, with what has become of them', async () => {
    const { id, status } = await app.run('Provision');
    expect(status).toBe('COMPLETED');
    const { nodes, edges } = await get(`/executions/${id}/graph`);
    const own = { status: 'COMPLETED', exit_code: 'COMPLETED', task: null, task_state: 'SUCCESS', retry: null };
    const scope = { status: null, exit_code: null, step_execution_id: null, task_state: null, has_revert: false };
    expect(nodes).toEqual([
      { name: 'all', kind: 'linear', ...scope, task: null, scope: null, retry: null },
      { name: 'p', kind: 'task', ...own, step_execution_id: expect.any(Number), scope: 'all', has_revert: true },
      { name: 'sub', kind: 'linear', ...scope, task: null, scope: 'all', retry: 'times' },
      { name: 'a', kind: 'task', ...own, step_execution_id: expect.any(Number), scope: 'sub', has_revert: true },
      { name: 'b', kind: 'task', ...own, step_execution_id: expect.any(Number), scope: 'sub', has_revert: true },
      { name: 'z', kind: 'task', ...own, step_execution_id: expect.any(Number), scope: 'all', has_revert: false },
    ]);
    expect(edges.map(({ from, to, on, end }: Record<string, string | null>) => [from, to, on, end])).toEqual([
      ['p', 'sub', null, null],
      ['a', 'b', null, null],
      ['sub', 'z', null, null],
    ]);
  });

  it('that is undone has failed, with its errors', async () => {
    failing = new Set(['b']);
    expect((await post('/jobs/Provision/launch?wait=30', { attempts: 2 })).json.status).toBe('REVERTED');
    const [execution] = await get('/executions?status=REVERTED');
    expect(execution).toMatchObject({ status: 'REVERTED', exit_code: 'REVERTED', exit_message: 'b: no b' });
    expect(trace.join(' ')).toBe('px ax bx br ar ax bx br ar');
    expect(await states(execution.id)).toBe('p SUCCESS, a REVERTED, b REVERTED, z PENDING');
    const steps = (await get(`/executions/${execution.id}/steps`)) as Record<string, unknown>[];
    expect(
      steps.map((row) => [row['step_name'], row['phase'], row['status'], row['task_state']].join(' ')).slice(-4),
    ).toEqual([
      'a execute COMPLETED SUCCESS',
      'b execute FAILED FAILURE',
      'b revert COMPLETED REVERTED',
      'a revert COMPLETED REVERTED',
    ]);
    expect((await app.call('GET', `/executions/${execution.id}/events`)).text).toContain('event: execution-ended');
    expect((await app.call('GET', '/metrics')).text).toContain(
      'batchy_executions_total{job_name="Provision",status="REVERTED"} 1',
    );
  });

  it('that is undone begins anew in another instance when it is posted, and in its own when it is restarted', async () => {
    failing = new Set(['b']);
    const first = await app.run('Provision');
    expect(first.status).toBe('REVERTED');
    const second = await app.run('Provision');
    expect(second.job_instance_id).not.toBe(first.job_instance_id);
    failing = new Set();
    expect(await planOf(first.id)).toBe('p skip, a run, b run, z run');
    trace.length = 0;
    const again = await restart(first.id);
    expect(again).toMatchObject({ status: 'COMPLETED', job_instance_id: first.job_instance_id });
    expect(trace.join(' ')).toBe('ax bx zx');
    expect(await states(again.id)).toBe('p SUCCESS, a SUCCESS, b SUCCESS, z SUCCESS');
    // Where the one before had left what was gone on with, nobody knows any more.
    expect(await states(first.id)).toBe('p SUCCESS, a REVERTED, b REVERTED, z null');
    expect(await planOf(first.id)).toBe('p skip, a skip, b skip, z skip');
    const kept = (await get(`/executions/${again.id}/graph`)).nodes[1];
    expect(kept).toMatchObject({ name: 'p', status: null, step_execution_id: null, task_state: 'SUCCESS' });
    const twice = await restart(again.id);
    expect(twice).toMatchObject({ status: 'COMPLETED', exit_message: 'the flow had succeeded before' });
  });

  it('that could not be undone is gone on with by a restart', async () => {
    failing = new Set(['b']);
    stuck = new Set(['a']);
    const { id, status, exit_message: message } = await app.run('Provision');
    expect([status, message]).toEqual(['FAILED', 'b: no b; a (revert): a stays']);
    expect(await states(id)).toBe('p SUCCESS, a REVERT_FAILURE, b REVERTED, z PENDING');
    expect(await planOf(id)).toBe('p skip, a revert, b skip, z skip');
    stuck = new Set();
    trace.length = 0;
    expect((await restart(id)).status).toBe('REVERTED');
    expect(trace.join(' ')).toBe('ar');
  });

  it('goes on with what was decided, although nobody could make it in between', async () => {
    failing = new Set(['b']);
    stuck = new Set(['a']);
    const first = await app.run('Provision');
    isBroken = true;
    const second = await restart(first.id);
    expect([second.status, second.exit_message]).toEqual(['FAILED', expect.stringContaining('threw Error: no idea')]);
    expect(await planOf(second.id)).toBe('p skip, a revert, b skip, z skip');
    expect(await states(second.id)).toBe('');
    isBroken = false;
    stuck = new Set();
    failing = new Set();
    trace.length = 0;
    const third = await restart(second.id);
    expect([third.status, trace.join(' ')]).toEqual(['REVERTED', 'ar']);
  });

  it('that is undone may be abandoned', async () => {
    failing = new Set(['a']);
    const { id } = await app.run('Provision');
    expect((await post(`/executions/${id}/abandon`)).json).toMatchObject({ status: 'ABANDONED' });
  });

  it('leaves nothing when it is forgotten', async () => {
    failing = new Set(['b']);
    const { id } = await app.run('Provision', { attempts: 2 });
    // The newest is kept: the next is numbered by it.
    await app.run('Provision', { attempts: 2 });
    const kept = () =>
      app.stores.documents.get(['flow', 'flow-outline'].map((collection) => ({ collection, id: String(id) })));
    expect(await kept()).not.toContain(null);
    app.clock.advance({ hours: 24 * 31 });
    while ((await app.services.retention.prune()) > 0);
    expect(await kept()).toEqual([null, null]);
  });
});

describe('what flows do not have is refused', () => {
  it('a launch without an argument that has no default, before anything is made', async () => {
    const { status, json } = await post('/jobs/Sized/launch', { attempts: 1 });
    expect([status, json.errors]).toEqual([422, [expect.objectContaining({ pointer: '/size' })]]);
  });

  it('a selection of tasks', async () => {
    const { status, json } = await post('/jobs/Provision/launch?leave_out=a');
    expect([status, json.detail]).toEqual([400, expect.stringContaining('is a flow')]);
  });

  it('a run as a task list', async () => {
    expect((await post('/jobs/Provision/run', {})).status).toBe(400);
  });

  it('a replay of items', async () => {
    const { id } = await app.run('Provision');
    for (const body of [undefined, { step: 'a' }]) {
      const { status, json } = await post(`/executions/${id}/skipped/replay`, body);
      expect([status, json.type, json.detail]).toEqual([
        409,
        expect.stringContaining('not-replayable'),
        expect.stringContaining('is a flow'),
      ]);
    }
  });

  it('a revival', async () => {
    const { id } = await app.launch('Waiting');
    await vi.waitFor(() => expect(trace).toContain('holdx'));
    const { status, json } = await post(`/executions/${id}/revive`);
    expect([status, json.detail]).toEqual([409, expect.stringContaining('is of a flow')]);
    expect(await states(id)).toBe('a SUCCESS, hold RUNNING, b PENDING');
    expect(await planOf(id)).toBe('a skip, hold run, b run');
    release();
    expect((await app.ended(id)).status).toBe('COMPLETED');
  });
});

it('a flow that nobody can make has failed, and has no tasks to show', async () => {
  isBroken = true;
  const { id, status, exit_message: message } = await app.run('Provision');
  expect([status, message]).toEqual(['FAILED', expect.stringContaining('threw Error: no idea')]);
  expect(await get(`/executions/${id}/graph`)).toMatchObject({ nodes: [], edges: [] });
  expect(await get(`/executions/${id}/restart-plan`)).toEqual([]);
});

describe('a flow that is bound to a workflow', () => {
  const seen: unknown[] = [];
  const load = defineFlow(
    'Load',
    () =>
      linearFlow('all', [
        task('load', {
          requires: ['from_date', 'to_date'],
          execute: ({ from_date: from, to_date: until }) => {
            seen.push([from, until]);
            if (failing.has('load')) throw new Error('the database is away');
          },
          revert: () => seen.push('undone'),
        }),
      ]),
    { workflow: 'orders' },
  );

  async function start() {
    const other = await appWithJobs({
      jobs: [load],
      cfg: { orders: 'customers:\n  from_date: "2026-01-01"\n' },
      openStores: (clock) => createMemoryStores({ clock }),
    });
    await other.call('POST', '/load_cfg/orders');
    seen.length = 0;
    const customers = async () => (await other.call('GET', '/get_status/orders')).json.customers.status;
    return { ...other, customers };
  }

  it('fails its batch when it is undone, and loads the same window with the next launch', async () => {
    const bound = await start();
    failing = new Set(['load']);
    const first = await bound.run('Load');
    expect([first.status, await bound.customers()]).toEqual(['REVERTED', 'failed']);
    failing = new Set();
    bound.clock.advance({ hours: 1 });
    const second = await bound.run('Load');
    expect(second).toMatchObject({ status: 'COMPLETED', job_instance_id: first.job_instance_id });
    expect([await bound.customers(), seen.length]).toEqual(['success', 3]);
    expect(seen[2]).toEqual(seen[0]);
    expect(seen[1]).toBe('undone');
    bound.clock.advance({ hours: 1 });
    const third = await bound.run('Load');
    expect(third.job_instance_id).not.toBe(first.job_instance_id);
  });

  it('runs the window whole once it was given up, or its success declared failed', async () => {
    const bound = await start();
    failing = new Set(['load']);
    const first = await bound.run('Load');
    await bound.call('POST', `/executions/${first.id}/abandon`);
    expect((await bound.call('GET', `/executions/${first.id}/restart-plan`)).json).toEqual([
      expect.objectContaining({
        step_name: 'load',
        action: 'run',
        why: 'the window is run whole, as another instance',
      }),
    ]);
    failing = new Set();
    const second = await bound.run('Load');
    expect(second.status).toBe('COMPLETED');
    expect(second.job_instance_id).not.toBe(first.job_instance_id);
    expect(
      (await bound.call('POST', `/fail_batch/orders?batch_id=${second.batch.batch_id}&reason=it was not`)).status,
    ).toBe(200);
    expect((await bound.call('GET', `/executions/${second.id}`)).json.status).toBe('ABANDONED');
    const third = await bound.run('Load');
    expect(third.job_instance_id).not.toBe(second.job_instance_id);
  });
});
