import { describe, expect, it } from 'vitest';

import { fixedCatalog } from './fixed-catalog.ts';
import { testApp, type TestApp } from './test-app.ts';

const body = { job: 'Load', cron: '0 2 * * *', zone: 'Europe/Berlin', catchup: 'last', parameters: { region: 'eu' } };

async function app(): Promise<TestApp> {
  return testApp({
    start: '2026-11-21T21:53:34.230000',
    jobSide: fixedCatalog({ name: 'Load' }, { name: 'Bound', workflow: 'orders' }),
  });
}

describe('a schedule', () => {
  it('is made, shown with its next five firings, set anew, and removed', async () => {
    const { call } = await app();
    const made = await call('PUT', '/schedules/nightly', { body });
    expect([made.status, made.json]).toEqual([
      200,
      {
        name: 'nightly',
        ...body,
        priority: null,
        paused: false,
        created_time: expect.stringMatching(/^2026-11-21T21:53:34/) as string,
        created_by: 'anonymous',
        last: null,
        next: '2026-11-22T01:00:00.000000',
        upcoming: [22, 23, 24, 25, 26].map((day) => `2026-11-${day}T01:00:00.000000`),
      },
    ]);
    const shown = await call('GET', '/schedules/nightly');
    expect([shown.json, shown.headers['etag']]).toEqual([made.json, made.headers['etag']]);
    const { upcoming, ...listed } = made.json;
    expect(upcoming).toHaveLength(5);
    expect((await call('GET', '/schedules')).json).toEqual([listed]);
    const again = await call('PUT', '/schedules/nightly', { body: { job: 'Load', cron: '30 3 * * *' } });
    expect(again.json).toMatchObject({
      zone: 'UTC',
      catchup: 'none',
      parameters: {},
      next: '2026-11-22T03:30:00.000000',
    });
    expect((await call('DELETE', '/schedules/nightly')).status).toBe(204);
    expect((await call('DELETE', '/schedules/nightly')).json.type).toBe('/problems/unknown-schedule');
    expect((await call('GET', '/schedules')).json).toEqual([]);
  });

  it('is set only as it was looked at, where somebody says If-Match; a firing changes nothing of that', async () => {
    const { call, clock, services } = await app();
    const set = (etag: unknown, cron: string) =>
      call('PUT', '/schedules/nightly', { body: { ...body, cron }, headers: { 'if-match': String(etag) } });
    expect((await set('*', '0 2 * * *')).status).toBe(412);
    const made = await call('PUT', '/schedules/nightly', { body });
    clock.advance({ hours: 4 });
    await services.firings.fireDue();
    const { last } = (await call('GET', '/schedules/nightly')).json;
    expect(last).toMatchObject({ scheduled_for: '2026-11-22T01:00:00.000000', outcome: 'launched', execution_id: 1 });
    expect((await set(made.headers['etag'], '0 4 * * *')).status).toBe(200);
    expect((await set(made.headers['etag'], '0 5 * * *')).json.type).toBe('/problems/precondition-failed');
  });

  it('has one effect however often it is sent with the same Idempotency-Key', async () => {
    const { call } = await app();
    const headers = { 'idempotency-key': 'one' };
    await call('PUT', '/schedules/nightly', { body, headers });
    await call('POST', '/schedules/nightly/pause');
    const repeated = await call('PUT', '/schedules/nightly', { body, headers });
    expect([repeated.headers['idempotency-replayed'], repeated.json.paused]).toEqual(['true', false]);
    expect((await call('GET', '/schedules/nightly')).json.paused).toBe(true);
  });

  it('is paused and resumed', async () => {
    const { call } = await app();
    await call('PUT', '/schedules/nightly', { body });
    const paused = { paused: true, next: null, upcoming: [] };
    expect((await call('POST', '/schedules/nightly/pause')).json).toMatchObject(paused);
    expect((await call('POST', '/schedules/nightly/pause')).json).toMatchObject(paused);
    expect((await call('POST', '/schedules/nightly/resume')).json).toMatchObject({
      paused: false,
      next: '2026-11-22T01:00:00.000000',
    });
    expect((await call('POST', '/schedules/nope/resume')).json.type).toBe('/problems/unknown-schedule');
  });

  it('shows no secrets', async () => {
    const { call } = await app();
    const secret = { ...body, parameters: { api_token: 'hush' } };
    expect((await call('PUT', '/schedules/nightly', { body: secret })).text).not.toContain('hush');
    for (const url of ['/schedules', '/schedules/nightly']) expect((await call('GET', url)).text).not.toContain('hush');
  });

  it.each([
    [{ ...body, cron: '61 * * * *' }, 422, 'invalid-schedule', '/cron'],
    [{ ...body, zone: 'Europe/Atlantis' }, 422, 'invalid-schedule', '/zone'],
    [{ ...body, parameters: { scheduled_for: 1 } }, 422, 'invalid-schedule', '/parameters'],
    [{ ...body, job: 'Bound' }, 422, 'invalid-parameters', '/region'],
    [{ ...body, job: 'Nope' }, 404, 'unknown-job-definition', undefined],
    [{ ...body, catchup: 'some' }, 422, 'invalid-body', '/catchup'],
    [{ job: 'Load' }, 422, 'invalid-body', ''],
    [{ ...body, crom: '' }, 422, 'invalid-body', '/crom'],
  ])('is refused as %j', async (asked, status, code, pointer) => {
    const { call, everything } = await app();
    const before = await everything();
    const refused = await call('PUT', '/schedules/nightly', { body: asked });
    expect([refused.status, refused.json.type, refused.json.errors?.[0]?.pointer]).toEqual([
      status,
      `/problems/${code}`,
      pointer,
    ]);
    expect(await everything()).toBe(before);
  });

  it.each(['a b', '-x', 'x'.repeat(101), 'ü'])('is refused the name %s', async (name) => {
    const { call } = await app();
    const url = `/schedules/${encodeURIComponent(name)}`;
    expect((await call('PUT', url, { body })).json.type).toBe('/problems/invalid-schedule');
    expect((await call('GET', url)).json.type).toBe('/problems/unknown-schedule');
  });
});

it('a service that runs launches by itself what is due', async () => {
  const running = await app();
  const { call, clock } = running;
  await running.start();
  await call('PUT', '/schedules/nightly', { body });
  clock.set('2026-11-22T01:00:00.2');
  await expect.poll(async () => (await call('GET', '/executions')).json.length as number, { timeout: 20_000 }).toBe(1);
  expect((await call('GET', '/executions/1')).json).toMatchObject({ launched_by: 'schedule nightly' });
});
