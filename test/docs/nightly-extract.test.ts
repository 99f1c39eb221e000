import { once } from 'node:events';
import { closeSync, constants, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import { expect, it, vi } from 'vitest';
import { header, openShop, type Shop } from './shop.ts';

it('extracts each night what the window holds, no row lost and none twice', async () => {
  const shop = await openShop();
  shop.gains(
    { at: '2026-10-31T23:59:59.999999', id: 'before-everything' },
    { at: '2026-11-01T00:00:00', id: 'first-instant' },
    { at: '2026-11-01 18:30:00.5', id: 'space-and-one-digit' },
    { at: '2026-11-02T01:54:59.999999', id: 'last-of-night-1' },
    { at: '2026-11-02T01:54:59.999999999', id: 'nanoseconds-of-night-1' },
    { at: '2026-11-02T01:55:00.001', id: 'first-of-night-2' },
    { at: '2026-11-02T01:57:00', id: 'within-the-lag' },
  );

  const first = await shop.night('2026-11-02T02:00:00');
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout).toContain('shop orders: 4 rows of [2026-11-01T00:00:00.000000, 2026-11-02T01:55:00.000');
  expect(await shop.job()).toMatchObject({ status: 'success', rows: 4 });

  shop.gains({ at: '2026-11-02T09:00:00.000001', id: 'noon' });
  expect(await shop.night('2026-11-03T02:00:00')).toMatchObject({ exitCode: 0 });
  // A night without news: an empty extract, and the watermark moves on.
  expect(await shop.night('2026-11-04T02:00:00')).toMatchObject({ exitCode: 0 });
  expect(await shop.job()).toMatchObject({ status: 'success', rows: 0 });

  expect(shop.extracted()).toEqual([
    'first-instant',
    'first-of-night-2',
    'last-of-night-1',
    'nanoseconds-of-night-1',
    'noon',
    'space-and-one-digit',
    'within-the-lag',
  ]);
  expect(await gapsAndOverlaps(shop)).toEqual({ gaps: [], overlaps: [] });
});

it('fails the batch with the reason when a row cannot be read, and runs the same window again', async () => {
  const shop = await openShop();
  shop.gains({ at: '2026-11-01T10:00:00', id: 'good' }, { at: 'yesterday', id: 'bad' });

  const broken = await shop.night('2026-11-02T02:00:00');
  expect(broken.exitCode).not.toBe(0);
  expect(broken.stderr).toContain('row 3: no time in the first column: yesterday');
  const failed = await shop.job();
  expect(failed).toMatchObject({ status: 'failed' });
  expect(await shop.outcome(failed['batch_id'])).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/^nightly-extract\.sh on .* ended with 1: row 3: no time in the first column/),
  });
  expect(broken.stderr).toContain(`batch ${String(failed['batch_id'])} has failed: row 3: no time`);
  expect(shop.files()).toEqual([]);

  writeFileSync(shop.input, `${header}\n`);
  shop.gains({ at: '2026-11-01T10:00:00', id: 'good' }, { at: '2026-11-01T11:00:00', id: 'mended' });
  expect(await shop.night('2026-11-03T02:00:00')).toMatchObject({ exitCode: 0 });
  const again = await shop.job();
  expect(again).toMatchObject({ status: 'success', from_date: failed['from_date'], to_date: failed['to_date'] });
  expect(again['batch_id']).not.toBe(failed['batch_id']);
  expect(shop.extracted()).toEqual(['good', 'mended']);
});

it.each([
  ['is empty', '', 'it has not even a header'],
  ['has no header', '2026-11-01T10:00:00,one,1\n', 'row 1: no header whose first column is changed_at: 2026-11-01T10'],
  ['has other columns', 'order_id,amount\n', 'row 1: no header whose first column is changed_at: order_id'],
  ['ends its lines in CR', `${header}\r2026-11-01T10:00:00,one,1\r`, 'row 1: a CR within the line'],
  ['has a row that ends in CR', `${header}\n2026-10-01T10:00:00,a,1\r2026-11-01T10:00:00,b,1\n`, 'row 2: a CR within'],
  ['is not there', null, 'No such file or directory'],
])('fails the batch with the reason when the input %s', async (_case, content, reason) => {
  const shop = await openShop();
  const input = path.join(shop.folder, 'broken.csv');
  if (content !== null) writeFileSync(input, content);

  const { exitCode, stdout, stderr } = await shop.night('2026-11-02T02:00:00', { input });
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  const failed = await shop.job();
  expect(failed).toMatchObject({ status: 'failed' });
  expect(stderr).toMatch(new RegExp(`^nightly-extract\\.sh: batch ${String(failed['batch_id'])} has failed: `, 'm'));
  expect(await shop.outcome(failed['batch_id'])).toMatchObject({ reason: expect.stringContaining(reason) });
  expect(shop.files()).toEqual([]);
});

it('takes an input with CRLF line ends and a quoted header', async () => {
  const shop = await openShop();
  writeFileSync(shop.input, '"changed_at","order_id"\r\n2026-11-01T10:00:00,one\r\n');
  expect(await shop.night('2026-11-02T02:00:00')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await shop.job()).toMatchObject({ status: 'success', rows: 1 });
});

it('runs the same window again after kill -9, though what it had started still writes', async () => {
  const shop = await openShop();
  shop.gains({ at: '2026-11-01T10:00:00', id: 'one' }, { at: '2026-11-01T11:00:00', id: 'two' });
  const slow = await slowInput(shop);

  const killed = shop.night('2026-11-02T02:00:00', { input: slow.path });
  await extracting(shop);
  const left = await shop.job();
  const exited = once(killed, 'exit');
  killed.kill('SIGKILL');
  await exited;
  expect(await shop.job()).toEqual(left);

  expect(await shop.night('2026-11-03T02:00:00')).toMatchObject({ exitCode: 0 });
  expect(await shop.job()).toMatchObject({ status: 'success', from_date: left['from_date'], to_date: left['to_date'] });
  expect(await shop.outcome(left['batch_id'])).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/^superseded by batch /),
  });
  slow.end();
  await killed;
  expect(await shop.night('2026-11-04T02:00:00')).toMatchObject({ exitCode: 0 });
  expect(shop.extracted()).toEqual(['one', 'two']);
  expect(await gapsAndOverlaps(shop)).toEqual({ gaps: [], overlaps: [] });
});

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('fails the batch at once upon %s', async (signal) => {
  const shop = await openShop();
  const slow = await slowInput(shop);
  const stopped = shop.night('2026-11-02T02:00:00', { input: slow.path });
  await extracting(shop);
  stopped.kill(signal);
  expect((await stopped).exitCode).toBe({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal]);
  const { batch_id: batchId, status } = await shop.job();
  expect(status).toBe('failed');
  expect(await shop.outcome(batchId)).toMatchObject({ reason: expect.stringContaining(`signal ${signal.slice(3)}`) });
  slow.end();
});

it('opens nothing while another run is at work', async () => {
  const shop = await openShop();
  const slow = await slowInput(shop);
  const running = shop.night('2026-11-02T02:00:00', { input: slow.path });
  await extracting(shop);
  const before = await shop.job();

  expect(await shop.night('2026-11-02T02:01:00')).toMatchObject({ exitCode: 75 });
  expect(await shop.job()).toEqual(before);
  slow.end();
  expect(await running).toMatchObject({ exitCode: 0 });
});

it('does not close a window that somebody else has opened meanwhile', async () => {
  const shop = await openShop();
  const slow = await slowInput(shop);
  const late = shop.night('2026-11-02T02:00:00', { input: slow.path });
  await extracting(shop);
  await shop.app.call('POST', '/open_batch/shop');
  const newer = await shop.job();
  slow.end();

  const { exitCode, stderr } = await late;
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('/problems/stale-batch');
  expect(await shop.job()).toEqual(newer);
});

it('presents its key, and says what is wrong with it before anything is extracted', async () => {
  const shop = await openShop({ keys: { 'a-key-that-may-operate': 'operate' } });
  shop.gains({ at: '2026-11-01T10:00:00', id: 'one' });
  const refused = await shop.night('2026-11-02T02:00:00', { key: 'a-key-of-nobody' });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toContain('/problems/unauthenticated');
  expect(await shop.job()).toMatchObject({ status: 'new' });

  expect(await shop.night('2026-11-02T02:00:00', { key: 'a-key-that-may-operate' })).toMatchObject({ exitCode: 0 });
  expect(shop.extracted()).toEqual(['one']);
});

it('takes everything from from_date on where the job does not emit its end, and a to_date of the user for nothing', async () => {
  const shop = await openShop({ yaml: 'orders:\n  from_date: 2026-11-01\n  to_date: 2026-11-01T12:00:00\n' });
  shop.gains({ at: '2026-10-31T10:00:00', id: 'before' }, { at: '2026-11-01T13:00:00', id: 'one' });
  expect(await shop.night('2026-11-02T02:00:00')).toMatchObject({ exitCode: 0 });
  shop.gains({ at: '2026-11-02T13:00:00', id: 'two' });
  expect(await shop.night('2026-11-03T02:00:00')).toMatchObject({ exitCode: 0 });
  expect(shop.extracted()).toEqual(['one', 'two']);
});

it('loses no row and doubles none over nights that end in all the ways there are', async () => {
  const shop = await openShop();
  const ends = ['ok', 'killed', 'ok', 'bad row', 'stopped', 'killed', 'ok', 'bad row', 'bad row', 'ok'] as const;
  const ids: string[] = [];
  for (const [index, end] of ends.entries()) {
    const day = String(index + 2).padStart(2, '0');
    const rows = ['01:54:59.999', '01:55:00.001', '01:59', '23:59:59.999999'].map((time) => ({
      at: `2026-11-${day}T${time.padEnd(8, ':00')}`,
      id: `${day}-${time}`,
    }));
    shop.gains(...rows);
    ids.push(...rows.map(({ id }) => id));
    await nightThatEnds(shop, end, `2026-11-${day}T02:00:00`);
  }
  expect(await shop.night('2026-11-20T02:00:00')).toMatchObject({ exitCode: 0 });
  expect(shop.extracted()).toEqual(ids.sort());
  expect(await gapsAndOverlaps(shop)).toEqual({ gaps: [], overlaps: [] });
});

async function nightThatEnds(shop: Shop, end: 'ok' | 'killed' | 'stopped' | 'bad row', at: string): Promise<void> {
  if (end === 'ok') {
    expect(await shop.night(at)).toMatchObject({ exitCode: 0 });
  } else if (end === 'bad row') {
    const input = path.join(shop.folder, 'broken.csv');
    writeFileSync(input, `${readFileSync(shop.input, 'utf8')}tomorrow,bad,1\n`);
    expect((await shop.night(at, { input })).exitCode).not.toBe(0);
  } else {
    const slow = await slowInput(shop);
    const run = shop.night(at, { input: slow.path });
    await extracting(shop);
    const exited = once(run, 'exit');
    run.kill(end === 'killed' ? 'SIGKILL' : 'SIGTERM');
    await exited;
    slow.end();
    expect((await run).exitCode).not.toBe(0);
    // What a kill leaves behind would be taken for the next run's.
    rmSync(path.join(shop.output, '.shop.orders.part'), { force: true });
  }
}

/** Waits until a run is in the middle: it has opened its batch, its input, and then the file that it writes. */
async function extracting(shop: Shop): Promise<void> {
  await vi.waitFor(() => expect(readdirSync(shop.output)).toContain('.shop.orders.part'), { timeout: 20_000 });
}

/** What the coverage of the job lacks or has twice. */
async function gapsAndOverlaps(shop: Shop): Promise<unknown> {
  const { json } = await shop.app.call('GET', '/workflows/shop/coverage?job=orders');
  const [{ gaps, overlaps }] = json.jobs;
  return { gaps, overlaps };
}

/** An input that does not end before it is told to: the extract is in the middle for as long. */
async function slowInput(shop: Shop): Promise<{ path: string; end: () => void }> {
  const pipe = path.join(shop.folder, 'slow.csv');
  rmSync(pipe, { force: true });
  await execa('mkfifo', [pipe]);
  // Read-write, so that opening does not wait for the reader.
  const descriptor = openSync(pipe, constants.O_RDWR);
  writeSync(descriptor, readFileSync(shop.input));
  return { path: pipe, end: () => closeSync(descriptor) };
}
