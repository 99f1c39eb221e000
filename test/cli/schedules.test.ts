import { beforeEach, describe, expect, it } from 'vitest';

import { fixedCatalog } from '../http/fixed-catalog.ts';
import { testApp, type TestApp } from '../http/test-app.ts';
import { runHere } from './in-process.ts';
import type { Ended } from './run.ts';

describe('schedules by the command line', () => {
  let app: TestApp;
  let environment: Record<string, string>;

  const batchy = (...args: string[]): Promise<Ended> => runHere(['schedules', ...args], { environment });
  const cells = ({ out }: Ended): string[][] => out.split('\n').map((line) => line.split(/ {2,}/));
  const nightly = ['set', 'nightly', '--job', 'Load', '--cron', '0 2 * * *', '--zone', 'Europe/Berlin'];

  beforeEach(async () => {
    app = await testApp({ settings: { PORT: 0 }, jobSide: fixedCatalog({ name: 'Load' }) });
    environment = { BATCHY_URL: await app.start() };
  });

  it('are set, listed with what became of them, paused, resumed and removed', async () => {
    const head = ['name', 'job', 'cron', 'zone', 'catchup', 'next', 'last', 'became'];
    const set = await batchy(...nightly, '--catchup', 'last', '-p', 'n=1', '-p', 'region=eu');
    const row = ['nightly', 'Load', '0 2 * * *', 'Europe/Berlin', 'last'];
    expect([set.exit, ...cells(set)]).toEqual([0, head, [...row, '2026-11-22T01:00:00.000000']]);
    const [shown] = JSON.parse((await batchy('--json')).out) as { parameters: unknown }[];
    expect(shown?.parameters).toEqual({ n: 1, region: 'eu' });
    app.clock.set('2026-11-22T01:00:00.2');
    await app.services.firings.fireDue();
    expect(cells(await batchy('list'))).toEqual([
      head,
      [...row, '2026-11-23T01:00:00.000000', '2026-11-22T01:00:00.000000', 'execution 1'],
    ]);
    expect((await batchy('pause', 'nightly')).out).toContain('paused');
    expect(JSON.parse((await batchy('resume', 'nightly', '--json')).out)).toMatchObject({ paused: false });
    expect(await batchy('remove', 'nightly')).toMatchObject({ exit: 0, err: 'Removed nightly.' });
    expect(cells(await batchy())).toEqual([head]);
  });

  it('tell why a launch was refused', async () => {
    await batchy(...nightly);
    await app.call('POST', '/jobs/Load/launch', { body: { scheduled_for: '2026-11-22T01:00:00.000000' } });
    app.clock.set('2026-11-22T01:00:00.2');
    await app.services.firings.fireDue();
    expect((await batchy()).out).toContain('refused: already-running');
  });

  it('are refused with what is wrong, and exit code 2', async () => {
    const wrong = await batchy(...nightly.with(5, '0 25 * * *'));
    expect(wrong).toMatchObject({ exit: 2, err: expect.stringContaining('the hour is "25"') as string });
    expect((await batchy('pause', 'nope')).exit).toBe(2);
    expect((await batchy('remove', '..')).exit).toBe(2);
    expect((await batchy('set', 'nightly', '--job', 'Load')).exit).toBe(2);
  });
});
