import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { FromConductor, Start } from '../src/conductor-messages.ts';
import { loadSettings } from '../src/config/load.ts';
import { version } from '../src/config/version.ts';

const main = path.resolve(import.meta.dirname, '../src/main.ts');
const patience = { timeout: 50_000, interval: 20 };

let folder = '';
let child: ChildProcess;
let told: FromConductor[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-conductor-'));
  mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
  mkdirSync(path.join(folder, 'work'));
  child = fork(main, ['conductor'], {
    cwd: path.join(folder, 'work'),
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  });
  told = [];
  child.on('message', (message) => told.push(message as FromConductor));
});
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** As the service does; the test is the one whose end the process looks out for. */
function sendStart(jobFile: string, count = 1): void {
  for (let number = 1; number <= count; number += 1)
    writeFileSync(path.join(folder, `cfg/jobs/file-${number}.ts`), jobFile);
  const environment = { BATCHY_CFG: path.join(folder, 'cfg'), BATCHY_DATA: path.join(folder, 'data') };
  const { settings } = loadSettings({ folder, environment });
  const start: Start = {
    kind: 'start',
    settings,
    withheld: new Map(),
    conductor: 'here',
    role: 'serve',
    host: process.pid,
    questions: null,
    version,
  };
  child.send(start);
}

it('ends, and says why, when nothing can give its sign of life', async () => {
  child.send({ kind: 'ping' });
  await vi.waitFor(() => expect(told).toEqual([{ kind: 'alive' }]), patience);
  // Without the folder that it works in no thread of it can start.
  rmSync(path.join(folder, 'work'), { recursive: true });
  sendStart(
    `import { defineJob, step } from 'batchy';\nexport default defineJob({ name: 'A', steps: [step('A', () => {})] });\n`,
  );
  const [code] = await once(child, 'exit');
  expect(code).toBe(1);
  expect(told.at(-1)).toMatchObject({
    kind: 'log',
    level: 'error',
    message: expect.stringMatching(/jobs cannot be run: .*sign of life of this process could not be started/s),
  });
});

it('ends when the service is gone, whatever it waits for', async () => {
  // Each of them is given up after a while, but all of them take longer than this test may.
  sendStart('await new Promise(() => { setInterval(() => {}, 1000); });\n', 20);
  await vi.waitFor(() => expect(told).toContainEqual({ kind: 'reading', file: 'file-1.ts' }), patience);
  child.disconnect();
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});
