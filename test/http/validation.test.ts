import { expect, test } from 'vitest';

import { testApp } from './test-app.ts';

async function failedApp() {
  const app = await testApp({ cfg: { wf1: 'job1: {}\n' } });
  for (const route of ['load_cfg', 'open_batch', 'fail_batch']) await app.call('POST', `/${route}/wf1`);
  return app;
}

test.each(['force', 'force=', 'force=yes', 'force=TRUE', 'force=2', 'force=null'])(
  'a switch that is not plainly on or off, such as the empty variable of a script, is refused: %s',
  async (force) => {
    const app = await failedApp();
    const before = await app.everything();
    const { status, json } = await app.call('POST', `/close_batch/wf1?job=job1&reason=typed&${force}`);
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ pointer: '/force', detail: expect.any(String) }]);
    expect(await app.everything()).toBe(before);
  },
);

test.each([
  ['true', 200],
  ['1', 200],
  ['false', 409],
  ['0', 409],
])('force=%s is plain', async (force, status) => {
  const app = await failedApp();
  expect((await app.call('POST', `/close_batch/wf1?job=job1&reason=loaded&force=${force}`)).status).toBe(status);
});

test.each(['', '1.5', '0x10', '1e3', ' 1', '+1', '9007199254740993', '1,2'])(
  'a number of the URL must be one: %j',
  async (text) => {
    const app = await failedApp();
    const { status } = await app.call('POST', `/close_batch/wf1?batch_id=${encodeURIComponent(text)}`);
    expect(status).toBe(400);
  },
);

test('bodies and headers are never converted', async () => {
  const app = await failedApp();
  const { status, json } = await app.call('POST', '/workflows/wf1/backfill', { body: { from: 1, to: '2026-01-02' } });
  expect(status).toBe(422);
  expect(json.errors).toEqual([{ pointer: '/from', detail: expect.stringContaining('string') }]);
});

test('a value that is none of those that there are is refused with all of them, once', async () => {
  const app = await failedApp();
  const { status, json } = await app.call('GET', '/executions?status=NOPE');
  expect(status).toBe(400);
  expect(json.errors).toEqual([
    { pointer: '/status', detail: expect.stringMatching(/^must be one of "[A-Z]+", ("[A-Z]+"(, )?)+$/) },
  ]);
  expect(json.detail).toContain('"FAILED"');
});

test.each(['1e9', '-1', '9999999', 'long', ''])(
  'a number that is out of its range is told the range: %j',
  async (wait) => {
    const app = await failedApp();
    const { status, json } = await app.call('POST', `/jobs/SampleJob/launch?wait=${wait}`);
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ pointer: '/wait', detail: expect.stringMatching(/ (0|600)\b/) }]);
  },
);
