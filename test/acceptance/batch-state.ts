import { rmSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { formatInstant, parseInstant } from '../../src/domain/time.ts';
import { testApp, type TestApp, type TestAppOptions } from '../http/test-app.ts';

/** The acceptance of the batch state, by HTTP, for any store: the same suite for each. */
export function acceptance(name: string, openStores: TestAppOptions['openStores']): void {
  const start = (options: TestAppOptions = {}): Promise<TestApp> =>
    testApp({ ...options, ...(openStores === undefined ? {} : { openStores }) });
  const oneJob = 'job1:\n  from_date: "2016-01-01T23:59"\n  status: new\n  rate: 1.0\n  big: 12345678901234567890\n';

  async function loaded(yaml: string, options: TestAppOptions = {}): Promise<TestApp> {
    const app = await start({ ...options, cfg: { wf1: yaml } });
    expect((await app.call('POST', '/load_cfg/wf1')).status).toBe(200);
    return app;
  }
  const minus = (text: string, hours: number): string =>
    formatInstant((parseInstant(text) ?? 0n) - BigInt(Math.round(hours * 3600)) * 1_000_000_000n);

  describe(`acceptance on ${name}`, () => {
    it('1: load, then get: the content of the file, types kept', async () => {
      const app = await loaded(
        'job1:\n  text: hello\n  number: 1.0\n  big: 12345678901234567890\n  flag: yes\n  nothing:\n  list: [1, 2.50]\n  day: 2016-01-01\njob2: {}\n',
      );
      const status = await app.call('GET', '/get_status/wf1');
      expect(status.text).toBe(
        '{"job1":{"text":"hello","number":1.0,"big":12345678901234567890,"flag":true,"nothing":null,"list":[1,2.50],"day":"2016-01-01"},"job2":{}}',
      );
      expect(status.headers['cache-control']).toBe('no-store');
    });

    it('2: an open on new with a from_date keeps it', async () => {
      const app = await loaded(oneJob);
      const opened = await app.call('POST', '/open_batch/wf1');
      expect(opened.status).toBe(200);
      expect(opened.json.job1).toMatchObject({
        from_date: '2016-01-01T23:59:00.000000',
        status: 'open',
        batch_end: null,
      });
      expect(opened.json.job1.batch_id).toBe(Math.floor(Date.parse('2026-11-21T21:53:34Z') / 1000));
    });

    it('3: open, close, open: from_date is the first batch_start less the hours, to the microsecond', async () => {
      const app = await loaded('job1:\n  reprocess_hours: 2.5\n');
      const first = await app.call('POST', '/open_batch/wf1');
      app.clock.advance({ hours: 1 });
      expect((await app.call('POST', `/close_batch/wf1?batch_id=${first.json.job1.batch_id}`)).json.job1.status).toBe(
        'success',
      );
      app.clock.advance({ hours: 20 });
      const second = await app.call('POST', '/open_batch/wf1');
      expect(second.json.job1.from_date).toBe(minus(first.json.job1.batch_start, 2.5));
    });

    it('4: open, fail, open: the same from_date, another id', async () => {
      const app = await loaded(oneJob);
      const first = await app.call('POST', '/open_batch/wf1');
      expect((await app.call('POST', '/fail_batch/wf1?reason=disk+full')).json.job1.status).toBe('failed');
      app.clock.advance({ hours: 3 });
      const second = await app.call('POST', '/open_batch/wf1');
      expect(second.json.job1.from_date).toBe(first.json.job1.from_date);
      expect(second.json.job1.batch_id).toBeGreaterThan(first.json.job1.batch_id);
    });

    it('5: open, open: the same window, ids differ; then close, open: from the second start; a required fence refuses the unfenced close', async () => {
      const app = await loaded('job1: {}\n');
      const first = await app.call('POST', '/open_batch/wf1');
      const second = await app.call('POST', '/open_batch/wf1');
      expect(second.json.job1.from_date).toBe(first.json.job1.from_date);
      expect(second.json.job1.batch_id).toBe(first.json.job1.batch_id + 1);
      const history = await app.call('GET', '/workflows/wf1/batches?kind=batch');
      expect(history.json.map((record: { status: string }) => record.status)).toEqual(['open', 'failed']);
      expect((await app.call('POST', '/close_batch/wf1')).status).toBe(200);
      app.clock.advance({ hours: 1 });
      expect((await app.call('POST', '/open_batch/wf1')).json.job1.from_date).toBe(second.json.job1.batch_start);

      const strict = await loaded('job1:\n  require_fence: true\n');
      await strict.call('POST', '/open_batch/wf1');
      const last = await strict.call('POST', '/open_batch/wf1');
      const before = await strict.everything();
      const refused = await strict.call('POST', '/close_batch/wf1');
      expect([refused.status, refused.json.type]).toEqual([409, '/problems/fence-required']);
      expect(await strict.everything()).toBe(before);
      expect((await strict.call('POST', `/close_batch/wf1?batch_id=${last.json.job1.batch_id}`)).status).toBe(200);
    });

    it('6: three jobs with different hours, truncation and status do not leak into each other', async () => {
      const app = await loaded(
        'a:\n  reprocess_hours: 5\n  status: success\n  batch_start: 2026-11-20T10:00:00.123456\n' +
          'b:\n  from_date: 2026-01-05T12:00:00\n  status: failed\n' +
          'c:\n  trunc_start: true\n  timezone: Europe/Berlin\n  status: success\n  batch_start: 2026-11-20T23:30:00\n' +
          'd: {}\n',
      );
      const { json } = await app.call('POST', '/open_batch/wf1');
      expect(json.a.from_date).toBe('2026-11-20T05:00:00.123456');
      expect(json.b.from_date).toBe('2026-01-05T12:00:00.000000');
      expect(json.c.from_date).toBe('2026-11-20T23:00:00.000000');
      expect(json.d.from_date).toBe('1776-07-04T23:59:00.000000');
      expect(new Set([json.a, json.b, json.c, json.d].map((job) => job.batch_start)).size).toBe(1);
    });

    it('8: 1,000 racing opens: 1,000 distinct ids and records, one winner', async () => {
      const app = await loaded('job1: {}\n');
      const answers = await Promise.all(Array.from({ length: 1000 }, () => app.call('POST', '/open_batch/wf1')));
      const ids = new Set(answers.map(({ json }) => json.job1.batch_id));
      expect(ids.size).toBe(1000);
      const records = await app.call('GET', '/workflows/wf1/batches?kind=batch', {
        headers: { accept: 'application/x-ndjson' },
      });
      const lines = records.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(new Set(lines.map((line) => line.batch_id))).toEqual(ids);
      expect(lines.filter((line) => line.status === 'open')).toHaveLength(1);
      expect((await app.call('GET', '/get_status/wf1')).json.job1.batch_id).toBe(Math.max(...ids));
    });

    it('8b: with if_open=reject exactly one of many racing opens is answered 200', async () => {
      const app = await loaded('job1: {}\n');
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => app.call('POST', '/open_batch/wf1?if_open=reject')),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status, json }) => status === 409 && json.type === '/problems/batch-open')).toHaveLength(
        199,
      );
    });

    it('9: a stale batch_id on close: 409, nothing changes', async () => {
      const app = await loaded('job1: {}\n');
      const first = await app.call('POST', '/open_batch/wf1');
      await app.call('POST', '/open_batch/wf1');
      const before = await app.everything();
      for (const verb of ['close', 'fail']) {
        const refused = await app.call('POST', `/${verb}_batch/wf1?batch_id=${first.json.job1.batch_id}`);
        expect([refused.status, refused.json.type]).toEqual([409, '/problems/stale-batch']);
      }
      expect(await app.everything()).toBe(before);
    });

    it('10: an unknown format: 400, nothing changes; so does a file that cannot be rendered', async () => {
      const app = await loaded('job1:\n  bad: "a\\nb"\n');
      const before = await app.everything();
      const unknown = await app.call('POST', '/open_batch/wf1/xml');
      expect([unknown.status, unknown.json.type]).toEqual([400, '/problems/unknown-format']);
      const unrenderable = await app.call('POST', '/open_batch/wf1/infa');
      expect([unrenderable.status, unrenderable.json.type]).toEqual([409, '/problems/not-renderable']);
      expect(await app.everything()).toBe(before);
    });

    it('11: HEAD changes nothing', async () => {
      const app = await loaded('job1: {}\n');
      const before = await app.everything();
      for (const path of [
        'open_batch/wf1',
        'open_batch/wf1/infa',
        'close_batch/wf1',
        'fail_batch/wf1',
        'load_cfg/wf1',
        'get_status/wf1',
      ])
        await app.call('HEAD', `/${path}`);
      expect(await app.everything()).toBe(before);
    });

    it.each([
      '../../etc/passwd',
      '..%2f..%2fetc%2fpasswd',
      'a%00b',
      'x'.repeat(10_000),
      'wf1-1467149783',
      'wf1-1467149783-init',
      'batchy:ledger',
      '%2e%2e',
      '-x',
    ])('12: the hostile name %s is refused, no file read, no key made', async (hostile) => {
      const app = await start({ cfg: { wf1: oneJob } });
      const before = await app.everything();
      for (const path of ['load_cfg', 'get_status', 'open_batch', 'close_batch', 'fail_batch']) {
        const refused = await app.call('POST', `/${path}/${hostile}`);
        expect(refused.status).toBeGreaterThanOrEqual(400);
        expect(refused.status).toBeLessThan(500);
        expect(refused.text).not.toContain('root:');
      }
      expect(await app.everything()).toBe(before);
    });

    it.each([
      [
        'aliases',
        'a: &a [x,x,x,x,x,x,x,x,x,x]\n' +
          Array.from(
            { length: 9 },
            (_, level) =>
              `${'bcdefghij'[level]}: &${'bcdefghij'[level]} [${Array(10).fill(`*${'abcdefghi'[level]}`).join(',')}]`,
          ).join('\n'),
      ],
      ['tags', 'job1: !!python/object/apply:os.system ["true"]\n'],
      ['duplicate keys', 'job1:\n  a: 1\n  a: 2\n'],
      ['tabs', 'job1:\n\ta: 1\n'],
      ['a list at the top', '- job1\n- job2\n'],
    ])('13: YAML with %s: 422 naming line and column', async (_what, yaml) => {
      const app = await start({ cfg: { wf1: yaml } });
      const before = await app.everything();
      const refused = await app.call('POST', '/load_cfg/wf1');
      expect([refused.status, refused.json.type]).toEqual([422, '/problems/invalid-configuration']);
      expect(refused.json.detail).toMatch(/line \d+, column \d+/);
      expect(await app.everything()).toBe(before);
    });

    it("15: a user's own to_date is carried untouched", async () => {
      const app = await loaded('job1:\n  to_date: whenever\n  lag_minutes: soon\n  max_window_hours: [1]\n');
      const { json } = await app.call('POST', '/open_batch/wf1');
      expect(json.job1).toMatchObject({ to_date: 'whenever', lag_minutes: 'soon', max_window_hours: [1] });
    });

    it('16: emit_to_date: [d, t1), [d, t1), [t1 − hours, t3)', async () => {
      const app = await loaded('job1:\n  emit_to_date: true\n  from_date: 2026-11-01\n  reprocess_hours: 3\n');
      const first = (await app.call('POST', '/open_batch/wf1')).json.job1;
      expect([first.from_date, first.to_date]).toEqual(['2026-11-01T00:00:00.000000', first.batch_start]);
      await app.call('POST', '/fail_batch/wf1');
      app.clock.advance({ hours: 5 });
      const second = (await app.call('POST', '/open_batch/wf1')).json.job1;
      expect([second.from_date, second.to_date]).toEqual([first.from_date, first.to_date]);
      await app.call('POST', `/close_batch/wf1?batch_id=${second.batch_id}`);
      app.clock.advance({ hours: 7 });
      const third = (await app.call('POST', '/open_batch/wf1')).json.job1;
      expect([third.from_date, third.to_date]).toEqual([minus(first.to_date, 3), third.batch_start]);
    });

    it('17: fail one job, then a plain close: it stays failed', async () => {
      const app = await loaded('a: {}\nb: {}\n');
      await app.call('POST', '/open_batch/wf1');
      await app.call('POST', '/fail_batch/wf1?job=b');
      const closed = await app.call('POST', '/close_batch/wf1');
      expect([closed.json.a.status, closed.json.b.status]).toEqual(['success', 'failed']);
    });

    it('never turns a failure into a success without force and a reason', async () => {
      const app = await loaded('a: {}\n');
      const { batch_id: id } = (await app.call('POST', '/open_batch/wf1')).json.a;
      await app.call('POST', '/fail_batch/wf1');
      for (const query of ['', '&force=true', '&reason=checked'])
        expect((await app.call('POST', `/close_batch/wf1?batch_id=${id}${query}`)).json.type).toBe(
          '/problems/override-required',
        );
      expect((await app.call('POST', `/close_batch/wf1?batch_id=${id}&force=true&reason=checked`)).json.a.status).toBe(
        'success',
      );
      expect((await app.call('POST', `/fail_batch/wf1?batch_id=${id}`)).json.a.status).toBe('failed');
      expect((await app.call('GET', '/workflows/wf1/coverage')).json.jobs[0].windows).toEqual([]);
    });

    it('replays the first answer to a repeated Idempotency-Key, GET and POST alike, and has one effect', async () => {
      const app = await loaded('a: {}\n');
      const headers = { 'idempotency-key': 'k1' };
      const first = await app.call('POST', '/open_batch/wf1', { headers });
      const before = await app.everything();
      const again = await app.call('GET', '/open_batch/wf1', { headers });
      expect(again.text).toBe(first.text);
      expect(again.headers['idempotency-replayed']).toBe('true');
      const other = await app.call('POST', '/open_batch/wf1?force=true', { headers });
      expect([other.status, other.json.type]).toEqual([422, '/problems/idempotency-mismatch']);
      expect(await app.everything()).toBe(before);
    });

    it('replays a load although its file is gone', async () => {
      const app = await loaded('a: {}\n');
      const headers = { 'idempotency-key': 'k1' };
      const first = await app.call('POST', '/load_cfg/wf1', { headers });
      expect(first.status).toBe(200);
      const before = await app.everything();
      for (const yaml of ['- no map\n', null]) {
        if (yaml === null) rmSync(path.join(app.folder, 'wf1.yaml'));
        else app.configure('wf1', yaml);
        const again = await app.call('GET', '/load_cfg/wf1', { headers });
        expect([again.status, again.text, again.headers['idempotency-replayed']]).toEqual([200, first.text, 'true']);
      }
      expect(await app.everything()).toBe(before);
    });

    it('refuses a load that would skip data, and one while a job is open', async () => {
      const app = await loaded('a:\n  from_date: 2026-11-01\n');
      app.configure('wf1', 'a:\n  from_date: 2026-11-02\n');
      expect((await app.call('POST', '/load_cfg/wf1')).json.type).toBe('/problems/watermark-forward');
      app.configure('wf1', 'a:\n  from_date: 2026-10-31\n  batch_id: 5\n');
      expect((await app.call('POST', '/load_cfg/wf1')).status).toBe(200);
      await app.call('POST', '/open_batch/wf1');
      expect((await app.call('POST', '/load_cfg/wf1?mode=merge')).json.type).toBe('/problems/batch-open');
    });

    it('edits a watermark with If-Match and a reason, and answers what the next open yields', async () => {
      const app = await loaded('a: {}\n');
      const { batch_id: id } = (await app.call('POST', '/open_batch/wf1')).json.a;
      await app.call('POST', `/close_batch/wf1?batch_id=${id}`);
      const etag = String((await app.call('GET', '/get_status/wf1')).headers['etag']);
      const edit = { set: { from_date: '2026-11-01' }, reason: 'restated' };
      expect((await app.call('PATCH', '/workflows/wf1/jobs/a', { body: edit })).status).toBe(428);
      expect(
        (await app.call('PATCH', '/workflows/wf1/jobs/a', { body: edit, headers: { 'if-match': '"other"' } })).status,
      ).toBe(412);
      const edited = await app.call('PATCH', '/workflows/wf1/jobs/a', { body: edit, headers: { 'if-match': etag } });
      expect(edited.json.jobs[0].from_date).toBe('2026-11-01T00:00:00.000000');
      expect((await app.call('POST', '/open_batch/wf1')).json.a.from_date).toBe('2026-11-01T00:00:00.000000');
      const [entry] = (await app.call('GET', '/workflows/wf1/journal')).json.filter(
        (each: { type: string }) => each.type === 'job-edited',
      );
      expect(entry).toMatchObject({
        reason: 'restated',
        jobs: [
          {
            job: 'a',
            before: { status: 'success' },
            after: { status: 'new', from_date: '2026-11-01T00:00:00.000000' },
          },
        ],
      });
    });

    it('backfills the past under an id of its own and never moves the watermark', async () => {
      const app = await loaded('a: {}\n');
      const { batch_id: id, batch_start: began } = (await app.call('POST', '/open_batch/wf1')).json.a;
      await app.call('POST', `/close_batch/wf1?batch_id=${id}`);
      const status = (await app.call('GET', '/get_status/wf1')).text;
      const backfill = await app.call('POST', '/workflows/wf1/backfill', {
        body: { from: '2026-10-01', to: '2026-10-02', job: 'a' },
      });
      expect(backfill.status).toBe(201);
      expect(backfill.json.a).toMatchObject({
        from_date: '2026-10-01T00:00:00.000000',
        to_date: '2026-10-02T00:00:00.000000',
        status: 'open',
      });
      expect((await app.call('POST', `/close_batch/wf1?batch_id=${backfill.json.a.batch_id}`)).json.a.status).toBe(
        'success',
      );
      expect((await app.call('GET', '/get_status/wf1')).text).toBe(status);
      const coverage = (await app.call('GET', '/workflows/wf1/coverage')).json.jobs[0];
      const covering = coverage.windows.map((window: { batch_id: number }) => window.batch_id);
      expect(new Set(covering)).toEqual(new Set([id, backfill.json.a.batch_id]));
      app.clock.advance({ hours: 1 });
      const next = (await app.call('POST', '/open_batch/wf1')).json.a;
      expect(next.from_date).toBe(began);
      expect(next.batch_id).toBeGreaterThan(backfill.json.a.batch_id);
    });

    it('marks a clock that was ahead, and does not forget when the clock has caught up', async () => {
      const app = await loaded('a:\n  from_date: 2026-11-20\n');
      app.clock.advance({ hours: 2 });
      const first = (await app.call('POST', '/open_batch/wf1')).json.a;
      await app.call('POST', `/close_batch/wf1?batch_id=${first.batch_id}`);
      app.clock.advance({ hours: -2 });
      await app.services.watch.noticeSkew();
      app.clock.advance({ hours: 3 });
      const refused = await app.call('POST', '/open_batch/wf1');
      expect([refused.status, refused.json.type]).toEqual([409, '/problems/clock-skew']);
      const marked = (await app.call('GET', '/workflows/wf1')).json.jobs.a;
      expect(marked.clock_skew_noticed_at).toMatch(/^2026-11-21T21:53:34/);
      const forced = (await app.call('POST', '/open_batch/wf1?force=true')).json.a;
      expect(forced.from_date).toBe(first.from_date);
      expect((await app.call('GET', '/workflows/wf1')).json.jobs.a.clock_skew_noticed_at).toBeNull();
    });

    it('answers 404 for an unknown workflow on every route', async () => {
      const app = await start();
      for (const path of [
        'get_status/no',
        'open_batch/no',
        'close_batch/no',
        'fail_batch/no',
        'load_cfg/no',
        'open_batch/no/infa',
      ])
        expect((await app.call('POST', `/${path}`)).status).toBe(404);
    });

    it.each([
      'POST /open_batch/wf1?jobs=a',
      'POST /close_batch/wf1?batch_id=abc',
      'POST /close_batch/wf1?batch_id=',
      'POST /get_status/wf1?x=1',
      'POST /open_batch/wf1?if_open=maybe',
      'POST /close_batch/wf1?force=perhaps',
      'POST /open_batch/wf1?job=',
      'POST /open_batch/wf1?job=a&job=b',
      'POST /index?x=1',
      'GET /workflows/wf1?job=a',
      'GET /workflows/wf1/batches/1795298014?job=a',
      'POST /workflows/wf1/backfill?job=a',
    ])('refuses %s with 400 and changes nothing', async (line) => {
      const app = await loaded('a: {}\n');
      const before = await app.everything();
      const [method = '', url = ''] = line.split(' ');
      const body = url.includes('backfill') ? { body: { from: '2026-10-01', to: '2026-10-02' } } : {};
      expect((await app.call(method as 'GET' | 'POST', url, body)).status).toBe(400);
      expect(await app.everything()).toBe(before);
    });
  });
}
