import { expect, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { emptyLedger, encodeLedger } from '../../src/domain/workflow.ts';
import { mostWorkflows } from '../../src/http/workflow-ages.ts';
import { put } from '../contract/fixtures.ts';
import { type TestApp, testApp } from './test-app.ts';

const cfg = { wf1: 'job1:\n  from_date: 2026-11-21\n  db_password: hunter2\n  colour: mauve\njob2: {}\n' };

async function must(app: TestApp, route: string): Promise<void> {
  const { status, text } = await app.call('POST', `/${route}`);
  expect(status, text).toBe(200);
}

/** Samples by name and labels, as Prometheus would read them. */
async function scrape(app: TestApp): Promise<{ text: string; value: (series: string) => number | undefined }> {
  const { status, text } = await app.call('GET', '/metrics');
  expect(status, text).toBe(200);
  const values = new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const match = /^([^#\s{][^\s{]*(?:\{.*\})?) (\S+)$/.exec(line);
      return match === null ? [] : [[match[1] as string, Number(match[2])]];
    }),
  );
  return { text, value: (series) => values.get(series) };
}

/** The machine's clock tells the age, the test's clock wrote the times: so ages are compared with one another only. */
const hour = 3600;

test('the age of a watermark is told by workflow and job, and falls when a batch succeeds', async () => {
  const app = await testApp({ cfg });
  await must(app, 'load_cfg/wf1');
  const series = 'batchy_watermark_age_seconds{workflow="wf1",job="job1"}';
  const before = (await scrape(app)).value(series) as number;
  await must(app, 'open_batch/wf1');
  const during = (await scrape(app)).value(series) as number;
  expect(during - before).toBeGreaterThanOrEqual(0);
  expect(during - before).toBeLessThan(hour);
  await must(app, 'close_batch/wf1');
  const after = (await scrape(app)).value(series) as number;
  // From midnight to 21:53 has been loaded.
  expect(before - after).toBeGreaterThan(20 * hour);
  expect(before - after).toBeLessThan(22 * hour);
});

test('a job of which nothing is stored yet has no age', async () => {
  const app = await testApp({ cfg });
  await must(app, 'load_cfg/wf1');
  expect((await scrape(app)).value('batchy_watermark_age_seconds{workflow="wf1",job="job2"}')).toBeUndefined();
});

test('an open batch has an age, an ended one has none', async () => {
  const app = await testApp({ cfg });
  await must(app, 'load_cfg/wf1');
  await must(app, 'open_batch/wf1?job=job1');
  const series = (job: string): string => `batchy_open_batch_age_seconds{workflow="wf1",job="${job}"}`;
  const open = await scrape(app);
  expect(open.value(series('job1'))).toEqual(expect.any(Number));
  expect(open.value(series('job2'))).toBeUndefined();
  await must(app, 'close_batch/wf1');
  expect((await scrape(app)).value(series('job1'))).toBeUndefined();
});

test('jobs that are marked clock-skew are counted, until somebody has decided', async () => {
  const app = await testApp({ cfg });
  const series = 'batchy_clock_skew_jobs{workflow="wf1"}';
  await must(app, 'load_cfg/wf1');
  await must(app, 'open_batch/wf1');
  await must(app, 'close_batch/wf1');
  expect((await scrape(app)).value(series)).toBeUndefined();
  app.clock.advance({ hours: -2 });
  await app.services.watch.noticeSkew();
  expect((await scrape(app)).value(series)).toBe(2);
  await must(app, 'open_batch/wf1?job=job1&force=true&reason=mended');
  await must(app, 'close_batch/wf1?job=job1');
  expect((await scrape(app)).value(series)).toBe(1);
});

test('requests are counted by method, route and status, never by what was asked for', async () => {
  const app = await testApp({ cfg });
  await must(app, 'load_cfg/wf1');
  for (let round = 0; round < 3; round += 1) await app.call('GET', '/get_status/wf1');
  await app.call('GET', '/get_status/nobody-knows-this');
  await app.call('GET', '/no/such/route-at-all');
  const { text, value } = await scrape(app);
  expect(value('batchy_http_requests_total{method="GET",route="/get_status/:wf",status="200"}')).toBe(3);
  expect(value('batchy_http_requests_total{method="GET",route="/get_status/:wf",status="404"}')).toBe(1);
  expect(value('batchy_http_requests_total{method="GET",route="(none)",status="404"}')).toBe(1);
  const labels = 'method="GET",route="/get_status/:wf",status="200"';
  expect(value(`batchy_http_request_duration_seconds_count{${labels}}`)).toBe(3);
  expect(value(`batchy_http_request_duration_seconds_bucket{le="+Inf",${labels}}`)).toBe(3);
  expect(value(`batchy_http_request_duration_seconds_sum{${labels}}`)).toBeGreaterThan(0);
  const buckets = [
    ...text.matchAll(/_bucket\{le="[^"]+",method="GET",route="\/get_status\/:wf",status="200"\} (\d+)/g),
  ].map(([, count]) => Number(count));
  expect(buckets.length).toBeGreaterThan(10);
  expect(buckets).toEqual(buckets.toSorted((one, other) => one - other));
  expect(text).not.toContain('nobody-knows-this');
  expect(text).not.toContain('route-at-all');
});

test('prefetches that were refused are counted', async () => {
  const app = await testApp({ cfg });
  await must(app, 'load_cfg/wf1');
  expect((await scrape(app)).value('batchy_prefetches_refused_total')).toBe(0);
  for (const header of ['sec-purpose', 'purpose'])
    await app.call('GET', '/open_batch/wf1', { headers: { [header]: 'prefetch' } });
  expect((await scrape(app)).value('batchy_prefetches_refused_total')).toBe(2);
});

test('the process, its event loop and the store are measured', async () => {
  const { value } = await scrape(await testApp());
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
  expect(value('nodejs_eventloop_lag_p99_seconds')).toEqual(expect.any(Number));
  expect(value('batchy_store_round_trip_seconds')).toBeGreaterThanOrEqual(0);
});

test('no value of any parameter is in the metrics', async () => {
  const app = await testApp({ cfg });
  await must(app, 'load_cfg/wf1');
  await must(app, 'open_batch/wf1');
  const { text } = await scrape(app);
  for (const word of ['hunter2', 'mauve', 'colour', 'db_password']) expect(text).not.toContain(word);
});

test('a scrape looks at a bounded number of workflows, and says when there are more', async () => {
  const app = await testApp({
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      for (let index = 0; index <= mostWorkflows; index += 1) {
        const head = new Map([['job1', '{"from_date":"2026-11-21"}']]);
        await put(stores, { name: `wf${index}`, head, ledger: encodeLedger(emptyLedger) });
      }
      return stores;
    },
  });
  const { text, value } = await scrape(app);
  expect(text.match(/^batchy_watermark_age_seconds\{/gm)).toHaveLength(mostWorkflows);
  expect(value('batchy_workflows_truncated')).toBe(1);
  expect((await scrape(await testApp())).value('batchy_workflows_truncated')).toBe(0);
});

test('a workflow whose data is another program’s does not hide the others', async () => {
  const app = await testApp({
    cfg,
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      const ledger = encodeLedger(emptyLedger);
      await put(stores, { name: 'broken', head: new Map([['job1', 'no JSON at all']]), ledger });
      await put(stores, { name: 'unreadable', head: new Map([['job1', '{"from_date":"soon"}']]), ledger });
      return stores;
    },
  });
  await must(app, 'load_cfg/wf1');
  const { text } = await scrape(app);
  expect(text).toContain('batchy_watermark_age_seconds{workflow="wf1",job="job1"}');
  expect(text).not.toMatch(/workflow="(broken|unreadable)"/);
});

test('while the store is away the scrape says so, and the rest all the same', async () => {
  let away = false;
  const app = await testApp({
    cfg,
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      const ping = (): Promise<void> =>
        away ? Promise.reject(new BatchyError('store-unavailable', 'It is away.')) : stores.upkeep.ping();
      return { ...stores, upkeep: { ...stores.upkeep, ping } };
    },
  });
  await must(app, 'load_cfg/wf1');
  const load = 'batchy_http_requests_total{method="POST",route="/load_cfg/:wf",status="200"}';
  const there = await scrape(app);
  expect([there.value('batchy_store_up'), there.value(load)]).toEqual([1, 1]);
  away = true;
  const gone = await scrape(app);
  expect([gone.value('batchy_store_up'), gone.value(load)]).toEqual([0, 1]);
  expect(gone.text).not.toMatch(/^batchy_watermark_age_seconds\{/m);
});
