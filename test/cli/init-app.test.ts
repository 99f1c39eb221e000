import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { run } from './run.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'batchy-init-app-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('writes an application that runs at once, outside of any project', async () => {
  expect((await run('batchy', ['init', 'app', 'shop'], { folder })).exit).toBe(0);
  const ended = await run('batchy', ['run', 'shop/config/app.lst'], { folder });
  expect([ended.exit, ended.out]).toEqual([0, expect.stringMatching(/^C 1 Start\nC 2 Load orders\nC 3 Load prices\n/)]);
  const logs = path.join(folder, 'shop/logs/executions');
  const text = readdirSync(logs)
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(path.join(logs, name), 'utf8'))
    .join('');
  expect(text).toContain('hello from app');
  expect(text).toMatch(/loading orders of \d{4}-/);
});

it('writes nothing where one of its files is there', async () => {
  writeFileSync(path.join(folder, 'config'), 'mine');
  const blocked = await run('batchy', ['init', 'app'], { folder });
  expect(blocked.exit).toBe(1);
  rmSync(path.join(folder, 'config'));
  await run('batchy', ['init', 'app'], { folder });
  rmSync(path.join(folder, 'config'), { recursive: true });
  const { exit, err } = await run('batchy', ['init', 'app'], { folder });
  expect([exit, err]).toEqual([3, expect.stringMatching(/python\/load\.py, workers\/start\.ts already/)]);
  expect(readdirSync(folder).toSorted()).toEqual(['python', 'workers']);
});
