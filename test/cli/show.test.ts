import { describe, expect, it } from 'vitest';

import type { Instant } from '../../src/domain/time.ts';
import { parseInstant } from '../../src/domain/time.ts';
import { type FakeAnswer, fakeServer, problem } from './fake-server.ts';
import { type InProcess, runHere } from './in-process.ts';

interface Shown {
  readonly execution: object;
  readonly graph: object;
  readonly steps: readonly object[];
}

const now = parseInstant('2026-11-22T10:00:30') as Instant;

/** @param looks what there is to see, one look after the other; the last one stays */
async function show(looks: readonly Shown[], args: readonly string[] = [], given: InProcess = {}) {
  let look = -1;
  const server = await fakeServer(({ url }): FakeAnswer => {
    if (url === '/executions/7') look = Math.min(look + 1, looks.length - 1);
    const { execution, graph, steps } = looks[look] as Shown;
    return { body: url.endsWith('/graph') ? graph : url.endsWith('/steps') ? steps : execution };
  });
  return runHere(['show', '7', ...args], {
    machine: { now: async () => now },
    environment: { BATCHY_URL: server.url },
    ...given,
  });
}

const execution = (status: string) => ({ id: 7, job_name: 'J', status, start_time: '2026-11-22T10:00:00.000000' });
const step = (name: string, status: string, seconds: number | null, more: object = {}) => ({
  step_name: name,
  status,
  start_time: '2026-11-22T10:00:00.000000',
  end_time: seconds === null ? null : new Date(Date.UTC(2026, 10, 22, 10, 0, 0) + seconds * 1000).toISOString(),
  retry_count: 0,
  exit_message: '',
  ...more,
});
const rows = (out: string): string[][] =>
  (out.split('\n\n')[1] ?? '').split('\n').map((line) => line.trimEnd().split(/ {2,}/));

describe('batchy show of an execution of which nothing ran', () => {
  const graph = { nodes: [], edges: [] };

  it('is why, all of it, and no empty table', async () => {
    const failed = { ...execution('FAILED'), exit_message: 'a and b are missing:\n  a\u0007\n  b' };
    const { out } = await show([{ execution: failed, graph, steps: [] }]);
    expect(out.slice(out.indexOf('\n\n'))).toBe('\n\na and b are missing:\n  a\\u0007\n  b');
  });

  it('is its row where there is nothing to say yet', async () => {
    const { out } = await show([{ execution: execution('STARTING'), graph, steps: [] }]);
    expect(out.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('batchy show of a job', () => {
  const edges = [
    { from: 'Load', to: 'Report', on: null, end: null },
    { from: 'Prices', to: 'Load', on: null, end: null },
    { from: 'Orders', to: 'Load', on: null, end: null },
    { from: 'Orders', to: 'Empty', on: 'EMPTY', end: null },
    { from: 'Report', to: null, on: 'BAD', end: 'FAILED' },
  ];
  const node = (name: string, status: string | null) => ({ name, kind: 'task', status, task: null });

  it('is its graph, level by level', async () => {
    const graph = {
      nodes: [
        node('Report', null),
        node('Load', 'FAILED'),
        node('Orders', 'COMPLETED'),
        node('Prices', 'COMPLETED'),
        node('Empty', null),
      ],
      edges,
    };
    const message = 'one is bad\nat line 7';
    const steps = [
      step('Orders', 'COMPLETED', 0.1234),
      step('Prices', 'COMPLETED', 75, { retry_count: 2 }),
      step('Load', 'FAILED', 3725, { exit_message: message }),
    ];
    const { exit, out } = await show([{ execution: execution('FAILED'), graph, steps }]);
    expect(exit).toBe(0);
    expect(out).toMatch(/^7 +J +FAILED/m);
    expect(rows(out)).toEqual([
      ['level', 'step', 'status', 'time', 'retries', 'after', 'exit_message'],
      ['1', 'Orders', 'COMPLETED', '0.123 s', '0'],
      ['1', 'Prices', 'COMPLETED', '75 s', '2'],
      ['2', 'Load', 'FAILED', '1:02:05', '0', 'Prices, Orders', 'one is bad'],
      ['2', 'Empty', 'Orders on EMPTY'],
      ['3', 'Report', 'Load'],
    ]);
  });

  it('says who runs what was offered to all', async () => {
    const graph = {
      nodes: [node('Split', 'STARTED'), node('Split:partition0', 'STARTED'), node('Split:partition1', 'STARTED')],
      edges: [],
    };
    const steps = [
      step('Split', 'STARTED', 1),
      step('Split:partition0', 'STARTED', 1, { conductor: 'etl-2-9-cd' }),
      step('Split:partition1', 'STARTED', 1),
    ];
    expect(rows((await show([{ execution: execution('STARTED'), graph, steps }])).out)).toEqual([
      ['level', 'step', 'status', 'time', 'retries', 'conductor', 'after', 'exit_message'],
      ['1', 'Split', 'STARTED', '1.00 s', '0'],
      ['1', 'Split:partition0', 'STARTED', '1.00 s', '0', 'etl-2-9-cd'],
      ['1', 'Split:partition1', 'STARTED', '1.00 s', '0'],
    ]);
  });

  it('has ids and letters where it is a task list', async () => {
    const graph = {
      nodes: [
        { ...node('start', 'COMPLETED'), task: { id: 1, letter: 'C' } },
        { ...node('end', null), task: { id: 2, letter: 'P' } },
      ],
      edges: [{ from: 'start', to: 'end', on: null, end: null }],
    };
    const looks = [{ execution: execution('STARTED'), graph, steps: [step('start', 'COMPLETED', 1)] }];
    expect(rows((await show(looks)).out)).toEqual([
      ['level', 'id', 'letter', 'step', 'status', 'time', 'retries', 'after', 'exit_message'],
      ['1', '1', 'C', 'start', 'COMPLETED', '1.00 s', '0'],
      ['2', '2', 'P', 'end', 'start'],
    ]);
  });

  it('is shown again, when it has changed, up to its end', async () => {
    const graph = (status: string) => ({ nodes: [node('One', status)], edges: [] });
    const running = {
      execution: execution('STARTED'),
      graph: graph('STARTED'),
      steps: [step('One', 'STARTED', null)],
    };
    const ended = {
      execution: execution('COMPLETED'),
      graph: graph('COMPLETED'),
      steps: [step('One', 'COMPLETED', 2)],
    };
    const looks = [running, running, ended];
    const kept = await show(looks, ['--watch']);
    expect(kept.out.match(/^7 +J +\w+/gm)?.map((line) => line.split(/ +/)[2])).toEqual(['STARTED', 'COMPLETED']);
    const seen = await show(looks, ['--watch'], { isScreen: true });
    const pictures = seen.out.split('\u001b[H\u001b[J');
    expect(pictures).toHaveLength(2);
    expect(pictures[0]).toMatch(/^1 +One +STARTED +30 s +0$/m);
    expect(pictures[1]).toMatch(/^1 +One +COMPLETED +2\.00 s +0$/m);
    const lines = (await show(looks, ['--watch', '--json'])).out.split('\n').map((line) => JSON.parse(line) as object);
    expect(lines).toEqual([running, ended]);
  });

  it('is watched although the server is briefly away', async () => {
    const away = problem(503, 'store-unavailable', 'The store is away.');
    const server = await fakeServer(({ url }, count) => {
      if (count < 3) return away;
      return { body: url.endsWith('/graph') ? { nodes: [] } : url.endsWith('/steps') ? [] : execution('COMPLETED') };
    });
    const environment = { BATCHY_URL: server.url };
    const { exit, err } = await runHere(['show', '7', '--watch'], { environment });
    expect([exit, err]).toEqual([0, 'The store is away. Waiting for it.']);
  });

  it('is refused for what is no execution', async () => {
    expect(await runHere(['show', 'x'])).toMatchObject({ exit: 2 });
  });
});

describe('batchy show of a flow', () => {
  const scope = (name: string, kind: string, around: string | null, retry: string | null = null) => {
    return { name, kind, scope: around, retry, task_state: null, status: null, task: null };
  };
  const task = (name: string, around: string, state: string) => {
    return { name, kind: 'task', scope: around, retry: null, task_state: state, status: null, task: null };
  };
  const run = (name: string, phase: string, status: string, seconds: number | null, message = '') =>
    step(name, status, seconds, { phase, exit_message: message });

  it('is its tree, with the states of its tasks, their runs and their errors', async () => {
    const graph = {
      nodes: [
        scope('vps', 'linear', null),
        task('folder', 'vps', 'SUCCESS'),
        scope('machine', 'unordered', 'vps', 'times'),
        task('volume', 'machine', 'REVERTED'),
        task('key', 'machine', 'RUNNING'),
        task('check', 'vps', 'PENDING'),
        task('done before', 'vps', 'SUCCESS'),
      ],
      edges: [],
    };
    const steps = [
      run('folder', 'execute', 'FAILED', 1, 'not yet'),
      run('folder', 'execute', 'COMPLETED', 0.02),
      run('volume', 'execute', 'FAILED', 1.5, 'no room\nat all'),
      run('volume', 'revert', 'COMPLETED', 1),
      run('volume', 'execute', 'FAILED', 2.5, 'still no room'),
      run('volume', 'revert', 'COMPLETED', 1),
      run('key', 'execute', 'FAILED', 1),
      run('key', 'revert', 'COMPLETED', 1),
      run('key', 'execute', 'STARTED', null),
    ];
    const { exit, out } = await show([{ execution: execution('STARTED'), graph, steps }], [], { isScreen: true });
    expect(exit).toBe(0);
    expect(out.split('\n').slice(3)).toEqual([
      'vps  linear',
      '├─ folder  SUCCESS  2 runs, 0.020 s',
      '├─ machine  unordered  times',
      '│  ├─ volume  REVERTED  2 runs, 2 reverts, 2.50 s  still no room',
      '│  └─ key  RUNNING  2 runs, 1 revert, 30 s',
      '├─ check  PENDING',
      '└─ done before  SUCCESS',
    ]);
  });

  it('has a line for each run of its tasks where executions are listed', async () => {
    const steps = [
      { ...run('volume', 'execute', 'FAILED', 1, 'no room'), task_state: 'REVERTED' },
      { ...run('volume', 'revert', 'COMPLETED', 2), task_state: 'REVERTED' },
    ];
    const server = await fakeServer(({ url }) => ({ body: url.endsWith('/steps') ? steps : execution('REVERTED') }));
    const { out } = await runHere(['executions', '7'], { environment: { BATCHY_URL: server.url } });
    expect(rows(out).map(([name, phase, status, , , state, message]) => [name, phase, status, state, message])).toEqual(
      [
        ['step_name', 'phase', 'status', 'task_state', 'exit_message'],
        ['volume', 'execute', 'FAILED', 'REVERTED', 'no room'],
        ['volume', 'revert', 'COMPLETED', 'REVERTED', undefined],
      ],
    );
  });

  it('is a job like others, whose tasks are not known before', async () => {
    const job = { name: 'provision', kind: 'flow', file: 'provision.ts', graph: { nodes: [], edges: [] } };
    const server = await fakeServer(({ url }) => ({ body: url === '/jobs' ? { jobs: [job], broken: [] } : job }));
    const environment = { BATCHY_URL: server.url };
    expect((await runHere(['jobs'], { environment })).out).toMatch(/^provision +flow +provision\.ts$/m);
    const { out } = await runHere(['jobs', 'provision'], { environment });
    expect(out).toContain('batchy post provision --hierarchy shows them');
  });
});

describe('batchy show without an execution', () => {
  const board = async (answers: Readonly<Record<string, object>>, args: readonly string[] = []) => {
    const server = await fakeServer(({ url }): FakeAnswer => ({ body: answers[url.replace(/&?limit=\d+/, '')] ?? [] }));
    return runHere(['show', ...args], { environment: { BATCHY_URL: server.url } });
  };
  const answers = {
    '/conductors': [{ id: 'etl-1-7-ab', execution_ids: [3] }],
    '/executions?status=STARTED&': [{ id: 3, job_name: 'provision', status: 'STARTED' }],
    '/executions?status=STARTING&': [{ id: 2, job_name: 'Train', status: 'STARTING' }],
    '/executions/2': { id: 2, awaits: 'a conductor with gpu: none online' },
    '/executions/2/graph': { nodes: [] },
    '/executions/3': { id: 3, awaits: null },
    '/executions/3/graph': {
      nodes: [
        { name: 'vps', kind: 'linear' },
        { name: 'create', kind: 'task', task_state: 'SUCCESS', status: 'COMPLETED' },
        { name: 'attach', kind: 'task', task_state: 'RUNNING', status: 'STARTED' },
        { name: 'render', kind: 'task', status: 'STARTED', conductor: 'etl-2-9-cd' },
        { name: 'tell', kind: 'task', task_state: 'PENDING', status: null },
      ],
    },
  };
  const found = Object.fromEntries(Object.entries(answers).map(([url, body]) => [url.replace(/&$/, ''), body]));

  it('lists what runs and what waits, oldest first, with owners and tasks', async () => {
    const { exit, out } = await board(found);
    expect(exit).toBe(0);
    expect(out.split('\n').map((line) => line.trimEnd().split(/ {2,}(?! )/))).toEqual([
      ['name', 'id', 'state', 'owner'],
      ['Train', '2', 'STARTING'],
      ['', 'awaits a conductor with gpu: none online'],
      ['provision', '3', 'STARTED', 'etl-1-7-ab'],
      ['', 'create', 'SUCCESS'],
      ['', 'attach', 'RUNNING'],
      ['', 'render', 'STARTED', 'etl-2-9-cd'],
      ['', 'tell', 'PENDING'],
    ]);
  });

  it('says that there is nothing', async () => {
    expect(await board({ '/conductors': [] })).toMatchObject({ exit: 0, out: 'nothing runs, and nothing waits' });
  });

  it('gives all of it as JSON', async () => {
    const { out } = await board(found, ['--json']);
    expect(JSON.parse(out)).toMatchObject([
      { id: 2, owner: null },
      { id: 3, owner: 'etl-1-7-ab' },
    ]);
  });
});
