import { beforeEach, describe, expect, it } from 'vitest';

import { fixedCatalog } from '../http/fixed-catalog.ts';
import { testApp } from '../http/test-app.ts';
import { runHere } from './in-process.ts';
import type { Ended } from './run.ts';

describe('queues by the command line', () => {
  let environment: Record<string, string>;

  const batchy = (...args: string[]): Promise<Ended> => runHere(args, { environment });
  const cells = ({ out }: Ended): string[][] => out.split('\n').map((line) => line.split(/ {2,}/));

  beforeEach(async () => {
    const app = await testApp({
      settings: { PORT: 0 },
      jobSide: fixedCatalog({ name: 'Load' }, { name: 'Etl', queue: 'etl' }),
    });
    environment = { BATCHY_URL: await app.start() };
  });

  it('are listed with what waits, after a launch that says how it does', async () => {
    await batchy('launch', 'Load', '-p', 'n=1', '--priority', 'high');
    await batchy('launch', 'Load', '-p', 'n=2');
    await batchy('launch', 'Etl', '--delay', '3600');
    const [first] = JSON.parse((await batchy('queues', '--json')).out) as { oldest_waiting: { create_time: string } }[];
    const oldest = `1, ${first?.oldest_waiting.create_time}`;
    expect(cells(await batchy('queues'))).toEqual([
      ['name', 'waiting', 'by_priority', 'delayed', 'running', 'concurrency', 'rate', 'paused', 'oldest_waiting'],
      ['default', '2', '1 high, 1 normal', '0', '0', 'any', 'any', oldest],
      ['etl', '0', '1', '0', 'any', 'any'],
      ['all', '2', '1 high, 1 normal', '1', '0', 'any', 'any', oldest],
    ]);
  });

  it('are limited, paused and resumed', async () => {
    const limited = await batchy('queues', 'set', 'etl', '--concurrency', '4', '--rate', '10/60');
    expect([limited.exit, ...cells(limited)]).toEqual([
      0,
      ['name', 'concurrency', 'rate', 'paused'],
      ['etl', '4', '10 per 60 s'],
    ]);
    expect(cells(await batchy('queues', 'set', 'etl', '--rate', 'none'))[1]).toEqual(['etl', '4', 'any']);
    const paused = await batchy('queues', 'pause', 'etl', '--reason', 'the target moves');
    expect(cells(paused)[1]).toEqual(['etl', '4', 'any', 'by anonymous: the target moves']);
    expect(cells(await batchy('queues', 'resume', 'etl'))[1]).toEqual(['etl', '4', 'any']);
    expect(JSON.parse((await batchy('queues', 'pause', 'all', '--json')).out)).toMatchObject({
      name: 'all',
      paused: { by: 'anonymous', reason: null },
    });
  });

  it.each([
    ['queues set etl', 'Name a limit'],
    ['queues set etl --concurrency 0', ''],
    ['queues set etl --rate 10', ''],
    ['queues pause elt', 'There are default, etl, all'],
    ['queues set a%b --concurrency 1', 'no name of a queue'],
    ['launch Load --delay soon', ''],
    ['launch Load --priority urgent', ''],
  ])('are not changed by %s: exit code 2', async (line, told) => {
    const { exit, err } = await batchy(...line.split(' '));
    expect(exit).toBe(2);
    expect(err).toContain(told);
  });
});
