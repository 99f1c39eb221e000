import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { ordersBetween, ordersOfDay, type Order } from '../../cfg/jobs/load-orders/orders.ts';
import chunkJob from '../../cfg/jobs/chunk-job.ts';
import { retryJob } from '../../cfg/jobs/retry-job.ts';
import type { ChunkBody, TaskBody } from '../../src/runner/step-body.ts';
import { contextOf } from './running-context.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('the sample jobs', () => {
  it('are loaded as they are, from wherever the process was started', async () => {
    const program = path.join(root, 'test/runner/load-job-files.ts');
    const { stdout } = await execa(
      'node',
      ['--disable-warning=ExperimentalWarning', program, path.join(root, 'cfg/jobs')],
      { preferLocal: true, localDir: root, cwd: path.parse(root).root },
    );
    const { jobs, broken } = JSON.parse(stdout) as { jobs: { name: string; steps: string[] }[]; broken: unknown[] };
    expect(broken).toEqual([]);
    expect(Object.fromEntries(jobs.map(({ name, steps }) => [name, steps]))).toEqual({
      ChunkJob: ['ChunkStep'],
      FailingJob: ['Step1', 'ErrorStep'],
      HelloYaml: ['Greet', 'Count', 'Clock'],
      LoadOrders: ['Prepare', 'Extract', 'Load', 'Count'],
      ParameterizedJob: ['ShowParameters'],
      RetryJob: ['Step1', 'FlakyStep', 'Step2'],
      SampleJob: ['Step1', 'Step2'],
      // Its tasks are made when it is picked up.
      provision: [],
      'daily-load': ['start', 'download orders', 'download prices', 'load', 'write', 'end'],
    });
  });

  it('ChunkJob keeps the even squares of 50 numbers', () => {
    const { processor, chunkSize } = chunkJob.bodies.get('ChunkStep') as ChunkBody;
    const squares = Array.from({ length: 50 }, (_, index) => processor?.(index + 1, contextOf()));
    expect(squares.filter((square) => square !== null)).toHaveLength(25);
    expect(squares.slice(0, 4)).toEqual([null, 4, null, 16]);
    expect(chunkSize).toBe(10);
  });

  it.each([
    [[0.1], {}, true],
    [[0.9], {}, false],
    [[0.9], { failures: 1 }, true],
    [[0.1], { failures: 0 }, false],
  ])('RetryJob is left to the chance that it is given: %j, %j fails: %s', (chances, parameters, fails) => {
    const { definition, bodies } = retryJob(() => chances.pop() ?? 0, 0);
    expect(definition.steps[1]?.retry).toMatchObject({ maxRetries: 3, delaySeconds: 0 });
    const attempt = (): unknown => (bodies.get('FlakyStep') as TaskBody).run(contextOf(parameters));
    if (fails) expect(attempt).toThrow('attempt 1 of FlakyStep failed');
    else expect(attempt()).toBeUndefined();
  });

  it('LoadOrders has the same orders for the same day, and others for another', () => {
    const of = (from: string, to: string): Order[] => [...ordersBetween(from, to)];
    const first = of('2026-01-01T00:00:00.000000', '2026-01-02T00:00:00.000000');
    expect(first).toEqual(of('2026-01-01 00:00:00.000000', '2026-01-02 00:00:00.000000'));
    expect(first).toHaveLength(ordersOfDay);
    expect(new Set(first.map(({ id }) => id)).size).toBe(ordersOfDay);
    expect([first[0]?.ordered_at, first.at(-1)?.ordered_at]).toEqual(['2026-01-01 00:00:00', '2026-01-01 23:59:59']);
    const [next] = ordersBetween('2026-01-02T00:00:00.000000', '2026-01-03T00:00:00.000000');
    expect(next?.id).toBe((first.at(-1)?.id ?? 0) + 1);
    const cancelled = first.filter((order) => order.cancelled === 'yes').length / ordersOfDay;
    expect(cancelled).toBeGreaterThan(0.01);
    expect(cancelled).toBeLessThan(0.05);
  });

  it('LoadOrders has the orders of its window, wherever in a day that begins and ends', () => {
    // The second window of cfg/orders.yaml: a day, from half an hour before the end of the first one.
    const second = [...ordersBetween('2026-01-01T23:30:00.000000', '2026-01-02T23:30:00.000000')];
    expect(second).toHaveLength(ordersOfDay);
    expect([second[0]?.ordered_at, second.at(-1)?.ordered_at]).toEqual(['2026-01-01 23:30:00', '2026-01-02 23:29:59']);
    const first = [...ordersBetween('2026-01-01T00:00:00.000000', '2026-01-02T00:00:00.000000')];
    expect(second[0]).toEqual(first.find(({ id }) => id === second[0]?.id));
    const parts = ['00:00:00', '07:11:13.123456', '07:11:14', '24:00:00'];
    const ids = parts.slice(1).flatMap((to, index) => {
      const end = to === '24:00:00' ? '2026-01-02T00:00:00' : `2026-01-01T${to}`;
      return [...ordersBetween(`2026-01-01T${parts[index]}`, end)].map(({ id }) => id);
    });
    expect(ids).toEqual(first.map(({ id }) => id));
  });
});
