import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { type TestApp, testApp } from '../http/test-app.ts';
import { type Ended, run } from './run.ts';

const cfg = {
  wf1: 'job1:\n  from_date: 2026-11-01\n  tolerance: 1.0\n  big: 12345678901234567890\njob2:\n  trunc_start: true\n',
  twins: 'a:\n  note: "=x"\nb:\n',
};

/** The real service, over the network, on a clock that stands at 2026-11-21T21:53:34.230000. */
describe('a batch by the command line', () => {
  let app: TestApp;
  let folder: string;
  let environment: Record<string, string>;

  const batchy = (...args: string[]): Promise<Ended> => run('batchy', args, { environment, folder });
  const openedId = ({ err }: Ended): string => /opened batch (\d+)/.exec(err)?.[1] ?? '';

  beforeEach(async () => {
    app = await testApp({ cfg, settings: { PORT: 0 } });
    environment = { BATCHY_URL: await app.start() };
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-cli-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
  });

  it('is loaded, opened, closed, and tells the next window', async () => {
    expect((await batchy('status')).out).toBe('name  status  updated_at');
    const loaded = await batchy('load', 'wf1', '--json');
    expect(loaded).toMatchObject({ exit: 0, err: 'wf1: loaded' });
    expect(loaded.out).toBe(
      '{"job1":{"from_date":"2026-11-01","tolerance":1.0,"big":12345678901234567890},"job2":{"trunc_start":true}}',
    );
    const opened = await batchy('open', 'wf1');
    expect(opened.err).toBe('wf1: opened batch 1795298014');
    expect(opened.out.split('\n').map((line) => line.split(/ +/).slice(0, 4))).toEqual([
      ['job', 'status', 'from_date', 'batch_id'],
      ['job1', 'open', '2026-11-01T00:00:00.000000', '1795298014'],
      ['job2', 'open', '1776-07-04T00:00:00.000000', '1795298014'],
    ]);
    expect((await batchy('status')).out).toMatch(/^wf1 {3}open/m);
    const closed = await batchy('close', 'wf1', '--batch-id', openedId(opened), '--set', 'job1.rows=3', '--json');
    expect(closed).toMatchObject({ exit: 0, err: 'wf1: closed batch 1795298014' });
    expect(JSON.parse(closed.out)).toMatchObject({ job1: { status: 'success', rows: 3 } });
    const next = await batchy('preview', 'wf1', '--job', 'job1', '--json');
    expect(JSON.parse(next.out)).toMatchObject({
      jobs: [{ job: 'job1', from_date: JSON.parse(closed.out).job1.batch_start as string }],
    });
  });

  it('is fenced: a late close and a wrong id change nothing', async () => {
    await batchy('load', 'wf1');
    const first = openedId(await batchy('open', 'wf1'));
    const second = openedId(await batchy('open', 'wf1'));
    const before = await batchy('status', 'wf1', '--json');
    expect(await batchy('close', 'wf1', '--batch-id', first)).toMatchObject({
      exit: 3,
      err: expect.stringContaining('(stale-batch)'),
    });
    expect(await batchy('status', 'wf1', '--json')).toEqual(before);
    expect((await batchy('fail', 'wf1', '--batch-id', second, '--reason', 'disk full')).exit).toBe(0);
    expect((await batchy('close', 'wf1', '--batch-id', second)).err).toContain('(override-required)');
    expect((await batchy('close', 'wf1', '--batch-id', second, '--force', '--reason', 'it was loaded')).exit).toBe(0);
  });

  it('has one effect under one key', async () => {
    await batchy('load', 'wf1');
    const first = await batchy('open', 'wf1', '--idempotency-key', 'night-1');
    expect(await batchy('open', 'wf1', '--idempotency-key', 'night-1')).toEqual(first);
    expect((await batchy('fail', 'wf1', '--current', '--idempotency-key', 'night-1')).err).toContain(
      '(idempotency-mismatch)',
    );
  });

  it('is refused where one is open, when asked to', async () => {
    await batchy('load', 'wf1');
    await batchy('open', 'wf1', '--job', 'job1', '--if-open', 'reject');
    expect((await batchy('open', 'wf1', '--job', 'job1', '--if-open', 'reject')).exit).toBe(3);
    expect((await batchy('load', 'wf1')).exit).toBe(3);
    expect((await batchy('load', 'wf1', '--force', '--mode', 'merge')).exit).toBe(0);
  });

  it('is opened into a parameter file', async () => {
    await batchy('load', 'wf1');
    const printed = await batchy('open', 'wf1', '--format', 'infa', '--job', 'job1');
    expect(printed.err).toBe('wf1: opened batch 1795298014');
    expect(printed.out).toContain('[job1]\n$$from_date=2026-11-01 00:00:00\n$$tolerance=1.0\n');
    const written = await batchy('open', 'wf1', '--format', 'infa', '--profile', 'iics', '--output', 'wf1.par');
    expect(written).toMatchObject({ exit: 0, out: '', err: 'wf1: opened batch 1795298015\nwrote wf1.par' });
    expect(readFileSync(path.join(folder, 'wf1.par'), 'utf8')).toMatch(/^#USE_SECTIONS\n/);
    expect((await batchy('infa', 'lint', 'wf1.par')).exit).toBe(0);
  });

  it('is not opened where its file cannot be rendered', async () => {
    app.configure('bad', '"a=b":\n  "x=y": 1\n');
    await batchy('load', 'bad');
    const refused = await batchy('open', 'bad', '--format', 'infa', '--profile', 'powercenter', '--output', 'bad.par');
    expect(refused).toMatchObject({ exit: 3, err: expect.stringContaining('(not-renderable)') });
    expect(existsSync(path.join(folder, 'bad.par'))).toBe(false);
    expect((await batchy('status', 'bad')).out).not.toContain('open');
  });

  it('is remembered: history, one batch, journal, coverage', async () => {
    await batchy('load', 'wf1');
    const id = openedId(await batchy('open', 'wf1', '--job', 'job1'));
    await batchy('close', 'wf1', '--batch-id', id, '--reason', 'done well');
    await batchy('open', 'wf1', '--job', 'job2');
    const history = await batchy('history', 'wf1', '--job', 'job1', '--status', 'success');
    expect(history.out.split('\n')).toHaveLength(2);
    expect(history.out).toMatch(new RegExp(`^${id} +batch +job1 +success +2026-11-01T00:00:00.000000 `, 'm'));
    expect(JSON.parse((await batchy('history', 'wf1', '--limit', '2', '--json')).out)).toHaveLength(2);
    const one = await batchy('history', 'wf1', '--batch-id', id);
    expect(one.out).toMatch(/^job1 +tolerance +1\.0$/m);
    expect((await batchy('history', 'wf1', '--batch-id', '1')).exit).toBe(2);
    const journal = await batchy('history', 'wf1', '--journal');
    expect(journal.out.split('\n')[1]).toMatch(/batch-opened/);
    expect(journal.out).toMatch(/batch-closed +anonymous +\d+ +job1 +done well/);
    expect((await batchy('history', 'wf1', '--journal', '--job', 'job1')).exit).toBe(2);
    const coverage = await batchy('coverage', 'wf1');
    expect(coverage.out).toMatch(/^job1 +window +2026-11-01T00:00:00.000000 +2026-11-21T21:53:34.230\d+ +1795298014$/m);
  });

  it('tells gaps in the coverage', async () => {
    await batchy('load', 'wf1');
    for (const from of ['2026-11-01', '2026-11-10']) {
      const { json } = await app.call('POST', '/workflows/wf1/backfill', {
        body: { job: 'job1', from, to: `${from}T12:00:00` },
      });
      expect((await batchy('close', 'wf1', '--batch-id', String(json.job1.batch_id))).exit).toBe(0);
    }
    const { out } = await batchy('coverage', 'wf1', '--job', 'job1');
    expect(out.split('\n').map((line) => line.split(/ +/).slice(1, 4))).toEqual([
      ['what', 'from', 'until'],
      ['window', '2026-11-01T00:00:00.000000', '2026-11-01T12:00:00.000000'],
      ['gap', '2026-11-01T12:00:00.000000', '2026-11-10T00:00:00.000000'],
      ['window', '2026-11-10T00:00:00.000000', '2026-11-10T12:00:00.000000'],
    ]);
    expect((await batchy('coverage', 'wf1', '--job', 'job1', '--limit', '1')).err).toContain('There are more windows');
  });

  it('is previewed, refusals with exit 3', async () => {
    await batchy('load', 'wf1');
    await batchy('open', 'wf1');
    await batchy('close', 'wf1', '--current');
    expect((await batchy('preview', 'wf1', '--as-of', '2026-12-01')).exit).toBe(0);
    const refused = await batchy('preview', 'wf1', '--as-of', '2026-11-21');
    expect(refused.exit).toBe(3);
    expect(refused.out).toMatch(/empty-window: Job /);
  });

  it('is waited for', async () => {
    await batchy('load', 'wf1');
    const notYet = await batchy('wait', 'wf1', '--timeout', '0.1');
    expect(notYet).toMatchObject({
      exit: 124,
      out: expect.stringContaining('wf1: job1: it has not been opened yet; it has never succeeded'),
    });
    const waiting = batchy('wait', 'wf1');
    await batchy('open', 'wf1');
    await batchy('close', 'wf1', '--current');
    const ended = await waiting;
    expect(ended.exit).toBe(0);
    expect(ended.out.split('\n').at(-1)).toBe('wf1: ready for 2026-11-21');
    const waitsy = await run('waitsy', ['-wf', 'wf1', '--date', '2026-11-21'], { environment });
    expect(waitsy).toMatchObject({ exit: 0, out: 'ready for 2026-11-21: wf1 ready' });
    expect((await run('waitsy', ['-wf', 'nobody'], { environment })).exit).toBe(2);
  });
});
