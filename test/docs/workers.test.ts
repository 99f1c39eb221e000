import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { TaskBody } from '../../src/runner/step-body.ts';
import { jobOf } from '../runner/world.ts';
import { createWorkerWorld, workerIn } from '../runner/steps/worker-world.ts';
import { blocksOf, root } from './documents.ts';

const text = readFileSync(path.join(root, 'docs/workers.md'), 'utf8');
const [typescript = ''] = blocksOf(text, 'ts');
const [python = ''] = blocksOf(text, 'python');
const [printed = ''] = blocksOf(text, 'text');

async function followPage() {
  const { world, file, close } = await createWorkerWorld();
  onTestFinished(close);
  expect(text.match(/as `workers\/[\w.]+`:/g)).toEqual(['as `workers/start.ts`:', 'as `workers/load.py`:']);
  mkdirSync(file('workers'));
  writeFileSync(file('workers/start.ts'), typescript);
  writeFileSync(file('workers/load.py'), python);
  return {
    world,
    start: { name: 'Start', body: workerIn(file('workers/start.ts'), 'Start') },
    load: { name: 'Load', body: workerIn(file('workers/load.py'), 'Load') },
  };
}

describe('the page on workers', () => {
  it('has two that share their context, and a log that looks as it says', async () => {
    const { world, start, load } = await followPage();
    const { status, execution, context } = await world.runNew(jobOf([start, load]));
    expect([status, context]).toEqual(['COMPLETED', { run_date_str: '2026-11-22', rows: 2 }]);
    const lines = (await world.log(execution.id, 'Load')).split('\n').map((line) => line.replace(/^\S+ /, ''));
    // What is printed and what is logged come by different ways.
    for (const line of printed.trimEnd().split('\n')) expect(lines).toContain(line);
  });

  it('tells failures as they are told', async () => {
    const { world, start, load } = await followPage();
    const body: TaskBody = { kind: 'task', run: (ctx) => ctx.context.set('least_rows', 5) };
    const { execution } = await world.runNew(jobOf([start, { name: 'Demand', body }, load]));
    const told = 'Worker "Load" of load.py failed with retcode 3';
    expect(execution.exitMessage).toContain(told);
    expect(text).toContain(`*${told}*`);
    expect(await world.log(execution.id, 'Load')).toContain('WARN  nothing is loaded, retcode 3\n');
  });
});
