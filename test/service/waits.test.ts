import { expect, test } from 'vitest';

import { createWaits } from '../../src/service/waits.ts';
import { testApp } from '../http/test-app.ts';

test('a wait hears of a success that rings no bell', async () => {
  const app = await testApp({ cfg: { wf1: 'job1: {}\n' } });
  await app.call('POST', '/load_cfg/wf1');
  await app.call('POST', '/open_batch/wf1');
  const { reader, journal } = app.stores;
  let looks = 0;
  const waits = createWaits({
    reader: {
      ...reader,
      load: (workflow) => {
        looks += 1;
        return reader.load(workflow);
      },
    },
    journal: { ...journal, subscribe: () => () => undefined },
    adoptIfNew: app.services.workflows.adoptIfNew,
    lookAgainMilliseconds: 1,
  });
  const waiting = waits.wait('wf1', {
    date: null,
    timezone: 'UTC',
    beginsAtMinute: 0,
    timeoutMilliseconds: 600_000,
    failFast: false,
    signal: new AbortController().signal,
  });
  await expect.poll(() => looks).toBeGreaterThan(1);
  await app.call('POST', '/close_batch/wf1');
  expect(await waiting).toMatchObject({ ready: true });
});
