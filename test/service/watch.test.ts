import { describe, expect, it } from 'vitest';

import { testApp } from '../http/test-app.ts';

describe('the watch', () => {
  it('notices a clock that goes back, and one that goes back again', async () => {
    const app = await testApp({ cfg: { wf1: 'a:\n  from_date: 2026-11-20\n' } });
    await app.call('POST', '/load_cfg/wf1');
    await app.call('POST', '/open_batch/wf1');
    const marks: string[] = [];
    for (const hours of [-1, -1]) {
      app.clock.advance({ hours });
      await app.services.watch.noticeSkew();
      marks.push((await app.call('GET', '/workflows/wf1')).json.jobs.a.clock_skew_noticed_at);
    }
    expect(marks.map((mark) => mark.slice(0, 16))).toEqual(['2026-11-21T20:53', '2026-11-21T19:53']);
    const before = await app.everything();
    expect(await app.services.watch.noticeSkew()).toBe(0);
    expect(await app.everything()).toBe(before);
  });

  it('prunes nothing of what a retention of 0 keeps for ever', async () => {
    const app = await testApp({ cfg: { wf1: 'a: {}\n' }, settings: { RETENTION_DAYS: 0 } });
    await app.call('POST', '/load_cfg/wf1');
    app.clock.advance({ hours: 24 * 3650 });
    const before = await app.everything();
    expect(await app.services.watch.prune()).toBe(0);
    expect(await app.everything()).toBe(before);
  });

  it('prunes the journal and the records that are older than the retention, but no current batch', async () => {
    const app = await testApp({ cfg: { wf1: 'a: {}\n' }, settings: { RETENTION_DAYS: 30 } });
    await app.call('POST', '/load_cfg/wf1');
    const first = (await app.call('POST', '/open_batch/wf1')).json.a.batch_id;
    await app.call('POST', `/close_batch/wf1?batch_id=${first}`);
    const second = (await app.call('POST', '/open_batch/wf1')).json.a.batch_id;
    app.clock.advance({ hours: 24 * 31 });
    expect(await app.services.watch.prune()).toBeGreaterThan(0);
    const kept = (await app.call('GET', '/workflows/wf1/batches')).json.map((record: { id: string }) => record.id);
    expect(kept).toEqual([String(second)]);
    expect((await app.call('POST', `/close_batch/wf1?batch_id=${second}`)).status).toBe(200);
  });
});
