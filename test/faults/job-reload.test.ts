import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { type JobService, startJobService } from './job-service.ts';

let folder = '';
let service: JobService;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-reload-'));
  mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
  writeJob('first');
  service = await startJobService(folder);
});
afterEach(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs until there is a file `go`; its exit code says which text of the file was read. */
function writeJob(version: string): void {
  writeFileSync(
    path.join(folder, 'cfg/jobs/waiting.ts'),
    `
import { existsSync, watchFile, unwatchFile } from 'node:fs';
import { defineJob, step } from 'batchy';

const gone = () => new Promise((resolve) => {
  if (existsSync('go')) return resolve(undefined);
  // It tells of a file that is not there, too.
  watchFile('go', { interval: 50 }, () => {
    if (!existsSync('go')) return;
    unwatchFile('go');
    resolve(undefined);
  });
});
export default defineJob({
  name: 'Waiting',
  description: '${version}',
  steps: [step('Wait', async () => { await gone(); return '${version}'; })],
});
`,
  );
}

const exitCodeOf = async (id: number): Promise<string> => {
  expect(await service.ended(id)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
  return (await service.call('GET', `/executions/${id}/steps`)).json[0].exit_code;
};

const described = async (): Promise<string> => (await service.call('GET', '/jobs/Waiting')).json.description;

it('a changed job file is read by a fresh process; what runs ends in the old one, as it began', async () => {
  const before = (await service.call('POST', '/jobs/Waiting/launch', { run: 1 })).json.execution_id;
  await vi.waitFor(
    async () => expect((await service.call('GET', `/executions/${before}`)).json.status).toBe('STARTED'),
    {
      timeout: 50_000,
      interval: 20,
    },
  );
  writeJob('second');
  await vi.waitFor(async () => expect(await described()).toBe('second'), { timeout: 30_000, interval: 50 });
  const after = (await service.call('POST', '/jobs/Waiting/launch', { run: 2 })).json.execution_id;
  expect(after).not.toBe(before);
  writeFileSync(path.join(folder, 'go'), '');
  expect(await exitCodeOf(before)).toBe('first');
  expect(await exitCodeOf(after)).toBe('second');
});
