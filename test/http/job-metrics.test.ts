import { expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { chunkStep, defineJob, functionWriter, listReader, partitionedStep, step } from '../../src/authoring/index.ts';
import { mostCountedJobs } from '../../src/domain/job-counts.ts';
import { mostExecutions } from '../../src/http/job-metrics.ts';
import { appWithJobs } from '../acceptance/app-with-jobs.ts';
import { fixedCatalog } from './fixed-catalog.ts';
import { type TestApp, testApp } from './test-app.ts';

/** Samples of ours by name and labels, as Prometheus would read them; those of jobs only. */
async function scrape(app: Pick<TestApp, 'call'>): Promise<Readonly<Record<string, number>>> {
  const { status, text } = await app.call('GET', '/metrics');
  expect(status, text).toBe(200);
  const lines = [...text.matchAll(/^(batchy_(?:executions|step|items|takeovers|jobs|conductor|queue)_\S+) (\S+)$/gm)];
  return Object.fromEntries(lines.map(([, series = '', value]) => [series.replaceAll('"', ''), Number(value)]));
}

const openStores = createMemoryStores;

it('tells what became of executions, of their steps and items, by job', async () => {
  let fails = true;
  const load = defineJob({
    name: 'Load',
    steps: [
      step('Begin', () => undefined),
      chunkStep('Copy', {
        reader: listReader([1, 2, 3, 4, 5, 6, 7]),
        processor: (item: number) => {
          if (item === 3) throw new Error('no');
          return item === 4 ? null : item;
        },
        writer: functionWriter(() => {
          if (fails) throw new Error('the database is away');
        }),
        chunkSize: 3,
        skip: { limit: 1 },
      }),
    ],
  });
  const app = await appWithJobs({ jobs: [load], cfg: {}, openStores: (clock) => openStores({ clock }) });
  expect(await scrape(app)).toMatchObject({
    'batchy_executions_total{job_name=Load,status=FAILED}': 0,
    'batchy_executions_total{job_name=Load,status=REVERTED}': 0,
    batchy_executions_truncated: 0,
    batchy_jobs_truncated: 0,
  });
  await app.run('Load', {});
  fails = false;
  await app.run('Load', {});
  // Ended by the service itself.
  await app.run('Load', {});
  expect(await scrape(app)).toMatchObject({
    'batchy_executions_total{job_name=Load,status=FAILED}': 1,
    'batchy_executions_total{job_name=Load,status=COMPLETED}': 2,
    'batchy_step_duration_seconds_count{job_name=Load}': 3,
    'batchy_step_duration_seconds_bucket{le=+Inf,job_name=Load}': 3,
    'batchy_items_skipped_total{job_name=Load}': 1,
    'batchy_items_written_total{job_name=Load}': 5,
    'batchy_takeovers_total{job_name=Load}': 0,
  });
});

it('counts the items of a partitioned step once', async () => {
  const parted = defineJob({
    name: 'Parted',
    steps: [
      partitionedStep('All', {
        partition: () => [[1, 2], [3], [4, 5, 6]],
        reader: (ctx) => ctx.partition,
        writer: functionWriter(() => undefined),
      }),
    ],
  });
  const app = await appWithJobs({ jobs: [parted], cfg: {}, openStores: (clock) => openStores({ clock }) });
  expect((await app.run('Parted', {})).status).toBe('COMPLETED');
  expect(await scrape(app)).toMatchObject({
    'batchy_items_read_total{job_name=Parted}': 6,
    'batchy_items_written_total{job_name=Parted}': 6,
    'batchy_step_duration_seconds_count{job_name=Parted}': 4,
  });
});

it('tells what waits and runs, and stops counting where it would cost too much', async () => {
  const app = await testApp({ jobSide: fixedCatalog({ name: 'Load' }) });
  for (let day = 0; day < 3; day += 1) await app.call('POST', '/jobs/Load/launch', { body: { day } });
  await app.call('POST', '/executions/1/stop');
  expect(await scrape(app)).toMatchObject({
    'batchy_executions_live{job_name=Load,status=STARTING}': 2,
    'batchy_executions_total{job_name=Load,status=STOPPED}': 1,
    batchy_executions_truncated: 0,
    'batchy_queue_waiting{queue=default,priority=normal}': 2,
    'batchy_queue_waiting{queue=default,priority=high}': 0,
    'batchy_queue_running{queue=default}': 0,
    'batchy_queue_delayed{queue=default}': 0,
    'batchy_queue_paused{queue=default}': 0,
  });
  for (let day = 3; day < mostExecutions + 5; day += 1) await app.call('POST', '/jobs/Load/launch', { body: { day } });
  expect(await scrape(app)).toMatchObject({
    'batchy_executions_live{job_name=Load,status=STARTING}': mostExecutions,
    batchy_executions_truncated: 1,
  });
});

it('has a bounded number of series, however many jobs there are', async () => {
  const jobs = Array.from({ length: mostCountedJobs + 50 }, (_each, index) => ({ name: `Job${index}` }));
  const app = await testApp({ jobSide: fixedCatalog(...jobs) });
  const launched: number[] = [];
  for (const { name } of jobs) launched.push((await app.call('POST', `/jobs/${name}/launch`)).json.execution_id);
  const namesIn = (scraped: object, metric: string): Set<string> =>
    new Set(Object.keys(scraped).flatMap((each) => new RegExp(`^${metric}{.*job_name=([^,}]*)`).exec(each)?.[1] ?? []));
  const waiting = await scrape(app);
  expect(namesIn(waiting, 'batchy_executions_live').size).toBe(mostCountedJobs + 1);
  expect(waiting['batchy_executions_live{job_name=(other),status=STARTING}']).toBe(50);
  for (const id of launched) await app.call('POST', `/executions/${id}/stop`);
  const stopped = await scrape(app);
  for (const metric of ['batchy_executions_total', 'batchy_step_duration_seconds_bucket', 'batchy_items_read_total'])
    expect(namesIn(stopped, metric).size, metric).toBe(mostCountedJobs + 1);
  expect(stopped).toMatchObject({
    'batchy_executions_total{job_name=(other),status=STOPPED}': 50,
    batchy_jobs_truncated: 1,
  });
});

it.each([
  [null, undefined],
  [true, 1],
  [false, 0],
])('says whether the process that runs jobs is up: %s', async (isUp, told) => {
  const app = await testApp({ jobSide: { ...fixedCatalog(), isUp: () => isUp } });
  expect((await scrape(app))['batchy_conductor_up']).toBe(told);
});
