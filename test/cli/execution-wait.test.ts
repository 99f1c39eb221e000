import { expect, it } from 'vitest';

import type { CliContext } from '../../src/cli/context.ts';
import { awaitExecution } from '../../src/cli/execution-wait.ts';
import type { Exit } from '../../src/cli/exit-codes.ts';
import { fakeServer } from './fake-server.ts';

/** A terminal that somebody looks at, in lists. */
function watched(url: string) {
  const progress: (string | null)[] = [];
  const out: string[] = [];
  const ends: Exit[] = [];
  const err: string[] = [];
  const context = {
    environment: { BATCHY_URL: url },
    terminal: {
      out: (text: string) => out.push(text),
      raw: () => {},
      err: (text: string) => err.push(text),
      progress: (text: string | null) => progress.push(text),
      showsProgress: true,
      paint: (_style: unknown, text: string) => text,
    },
    end: (exit: Exit) => ends.push(exit),
  } as unknown as CliContext;
  return { context, progress, out, err, ends };
}

it('shows on a terminal how far an execution is, and clears that at its end', async () => {
  const server = await fakeServer(({ url }, count) => {
    if (url.endsWith('/graph')) {
      const nodes = [{ status: 'COMPLETED' }, { status: 'STARTED' }, { status: null }, { status: null }];
      return { body: { nodes } };
    }
    if (url.endsWith('/steps')) {
      const counts = { read_count: 12_000, write_count: 11_900 };
      return {
        body: [
          { step_name: 'Download', status: 'COMPLETED' },
          { step_name: 'Load', status: 'STARTED', ...counts },
        ],
      };
    }
    return { body: { id: 7, job_name: 'LoadOrders', status: count < 2 ? 'STARTED' : 'FAILED' } };
  });
  const { context, progress, out, ends } = watched(server.url);
  await awaitExecution(context, { wait: true, json: true }, { execution_id: 7 });
  expect(progress).toEqual([
    expect.stringMatching(/^LoadOrders 7 \[#{5}-{15}\] 1\/4 steps, Load: 12000 read, 11900 written, \d+ s$/) as string,
    null,
  ]);
  expect(out).toEqual(['{"id":7,"job_name":"LoadOrders","status":"FAILED"}']);
  expect(ends).toEqual([1]);
});

it('ends with the first line of why it failed', async () => {
  const server = await fakeServer(({ url }) =>
    url.endsWith('/steps')
      ? { body: [] }
      : { body: { id: 7, job_name: 'J', status: 'FAILED', exit_message: 'it\u001b broke\nfor many reasons' } },
  );
  const { context, err } = watched(server.url);
  await awaitExecution(context, { wait: true }, { execution_id: 7 });
  expect(err).toEqual(['execution 7 is FAILED: it\\u001b broke (batchy logs 7)']);
});

it('does not count the parts of a step as steps, and adds up what they have read', async () => {
  const server = await fakeServer(({ url }, count) => {
    const parts = ['Load:partition0', 'Load:partition1'];
    if (url.endsWith('/graph')) {
      const nodes = [
        { name: 'Download', status: 'COMPLETED' },
        { name: 'Load', status: 'STARTED' },
        ...parts.map((name) => ({ name, status: 'STARTED' })),
      ];
      return { body: { nodes } };
    }
    if (url.endsWith('/steps')) {
      const rows = parts.map((name) => ({ step_name: name, status: 'STARTED', read_count: 30, write_count: 20 }));
      return { body: [{ step_name: 'Load', status: 'STARTED', read_count: 0, write_count: 0 }, ...rows] };
    }
    return { body: { id: 7, job_name: 'LoadOrders', status: count < 2 ? 'STARTED' : 'COMPLETED' } };
  });
  const { context, progress } = watched(server.url);
  await awaitExecution(context, { wait: true, json: true }, { execution_id: 7 });
  expect(progress[0]).toMatch(/^LoadOrders 7 \[#{10}-{10}\] 1\/2 steps, Load: 60 read, 40 written, \d+ s$/);
});

it('says the status where no step has begun', async () => {
  const server = await fakeServer(({ url }, count) => {
    if (url.endsWith('/graph')) return { body: { nodes: [] } };
    if (url.endsWith('/steps')) return { body: [] };
    return { body: { id: 7, job_name: 'LoadOrders', status: count < 2 ? 'STARTING' : 'COMPLETED' } };
  });
  const { context, progress, ends } = watched(server.url);
  await awaitExecution(context, { wait: true, json: true }, { execution_id: 7 });
  expect(progress[0]).toMatch(/^LoadOrders 7 \[-{20}\] 0\/0 steps, STARTING, \d+ s$/);
  expect(ends).toEqual([]);
});

it('counts the tasks of a flow that have succeeded, and says what is reverted', async () => {
  const server = await fakeServer(({ url }, count) => {
    if (url.endsWith('/graph')) {
      const task = { kind: 'task', scope: 'vps' };
      const nodes = [
        { name: 'vps', kind: 'linear', scope: null, task_state: null, status: null },
        { ...task, name: 'one', task_state: 'SUCCESS', status: 'COMPLETED' },
        { ...task, name: 'two', task_state: 'REVERTING', status: 'STARTED' },
        { ...task, name: 'three', task_state: 'REVERTED', status: 'COMPLETED' },
        { ...task, name: 'four', task_state: 'PENDING', status: null },
      ];
      return { body: { nodes } };
    }
    if (url.endsWith('/steps')) {
      const phase = count < 4 ? 'execute' : 'revert';
      return { body: [{ step_name: 'two', status: 'STARTED', phase, read_count: 0 }] };
    }
    return { body: { id: 7, job_name: 'provision', status: count < 5 ? 'STARTED' : 'REVERTED' } };
  });
  const { context, progress, ends } = watched(server.url);
  await awaitExecution(context, { wait: true, json: true }, { execution_id: 7 });
  expect(progress).toEqual([
    expect.stringMatching(/^provision 7 \[#{5}-{15}\] 1\/4 tasks, two, \d+ s$/) as string,
    expect.stringMatching(/^provision 7 \[#{5}-{15}\] 1\/4 tasks, two \(revert\), \d+ s$/) as string,
    null,
  ]);
  expect(ends).toEqual([1]);
});

it('takes a flow that was undone for what it is: a failure', async () => {
  const server = await fakeServer(() => ({
    body: { id: 7, job_name: 'provision', status: 'REVERTED', exit_message: 'attach: no room' },
  }));
  const { context, out, ends } = watched(server.url);
  await awaitExecution(context, { wait: true, json: true }, { execution_id: 7 });
  expect(out).toEqual(['{"id":7,"job_name":"provision","status":"REVERTED","exit_message":"attach: no room"}']);
  expect(ends).toEqual([1]);
});
