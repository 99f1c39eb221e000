import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import * as authoring from '../../src/authoring/index.ts';
import type { DeclaredFlow, FlowJobOptions, TaskOptions } from '../../src/authoring/index.ts';
import { taskStatuses } from '../../src/domain/flow-state.ts';
import { flowJob, outside, traced } from '../runner/flow-world.ts';
import { createWorld, type World } from '../runner/world.ts';
import { blocksOf, root } from './documents.ts';
import { patience, startReading } from './job-session.ts';

const text = readFileSync(path.join(root, 'docs/flows.md'), 'utf8');

/** The rows below a row of headings, cell by cell, without the signs of code. */
function table(heading: string): string[][] {
  const [, rows = ''] =
    text
      .split(`${heading}\n`)
      .at(1)
      ?.split(/^\|(?:---\|)+\n/m) ?? [];
  const lines = (rows.split('\n\n')[0] ?? '').trim().split('\n');
  return lines.map((line) => line.split(/ ?\| ?/).slice(1, -1));
}

const plain = (cell = ''): string => cell.replaceAll('`', '');

/** A flow as the page writes it, with names for what it speaks of. */
function flowOf(code: string, names: Readonly<Record<string, unknown>>): DeclaredFlow {
  const known = { ...authoring, ...names };
  // eslint-disable-next-line typescript/no-implied-eval -- what the page says is code, and it is ours
  const make = new Function(...Object.keys(known), `return ${code.trim().replace(/;$/, '')}`);
  return make(...Object.values(known)) as DeclaredFlow;
}

async function newWorld(): Promise<World> {
  const world = await createWorld();
  onTestFinished(() => world.close());
  return world;
}

it(
  'leads from the sample to a flow that is mended: every command prints what the page says',
  { timeout: 3 * patience.timeout },
  async () => {
    const reader = await startReading((definitions) =>
      expect.poll(definitions, patience).toMatchObject({ jobs: { length: 9 }, broken: [] }),
    );
    const { files, commands } = await reader.follow(text);
    expect(files).toBe(1);
    expect(commands).toBe(11);
  },
);

const traces = table('| flow | fails | what happens | ends |').map((row) => row.map(plain));

it.each(traces)('%s, where %s fails: %s, %s', async (code, fails, trace, ends) => {
  const [failing = '', often = 'once'] = fails.split(' ');
  const around = outside({ [failing]: { once: 1, twice: 2, always: 1000 }[often] ?? 0 });
  const tasks = Object.fromEntries(['a', 'b', 'c', 'p', 'z'].map((name) => [name, traced(around, name)]));
  const world = await newWorld();
  const { status } = await world.runNew(
    flowJob(() => flowOf(code, tasks)),
    { parameters: { hosts: ['x', 'y'] } },
  );
  expect([around.trace.join(' '), status]).toEqual([trace, ends]);
});

it('shows each controller at work', () => {
  const controllers = table('| controller | when something in its flow has failed |').map(
    ([cell = '']) => /^`(\w+)/.exec(cell)?.[1] ?? '',
  );
  expect(controllers).toHaveLength(5);
  expect(controllers.filter((name) => !traces.some(([code]) => code?.includes(`${name}(`)))).toEqual([]);
});

it('hands values on as it says', async () => {
  const lines: string[] = [];
  const code = blocksOf(text, 'ts').find((block) => block.startsWith("graphFlow('mail'")) ?? '';
  const world = await newWorld();
  const { status } = await world.runNew(
    flowJob(() => flowOf(code, { lines })),
    { parameters: { customer: 'ann', order: 7 } },
  );
  expect([status, `${lines.join('\n')}\n`]).toEqual(['COMPLETED', blocksOf(text, 'text')[0]]);
});

it('names all options of a flow', () => {
  const known = {
    description: null,
    parameters: null,
    workflow: null,
    jobs: null,
    maxProcs: null,
    maxConcurrent: null,
    maxRunning: null,
    queue: null,
    priority: null,
    timeout: null,
    restartable: null,
    newInstancePerLaunch: null,
    onOwnerLost: null,
    maxTakeovers: null,
    capabilities: null,
  } satisfies Record<keyof FlowJobOptions, null>;
  const [, named = ''] = /`defineFlow` takes options after its function: (.*?)\.\n/s.exec(text) ?? [];
  const names = named
    .replaceAll(/\([^)]*\)/g, '')
    .match(/`\w+`/g)
    ?.map((name) => name.slice(1, -1));
  expect(names).toEqual(Object.keys(known));
});

it('names all options of a task, and all states', () => {
  const options = {
    execute: null,
    revert: null,
    requires: null,
    optional: null,
    provides: null,
    rebind: null,
    inject: null,
  } satisfies Record<keyof TaskOptions, null>;
  const named = table('| option of `task` | |').flatMap(([cell = '']) =>
    [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name),
  );
  expect(named).toEqual(Object.keys(options));
  const section = text.split('## ').find((part) => part.startsWith('States of a task')) ?? '';
  const states = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(states).toEqual(taskStatuses);
});
