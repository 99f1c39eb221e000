import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { type JobService, startJobService } from './job-service.ts';

let folder: string;
let service: JobService | null = null;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'batchy-files-'));
  await mkdir(path.join(folder, 'cfg/jobs'), { recursive: true });
});

afterEach(async () => {
  await service?.stop();
  await rm(folder, { recursive: true });
});

function write(file: string, text: string): Promise<void> {
  return writeFile(path.join(folder, 'cfg/jobs', file), text);
}

function job(name: string): string {
  return `import { defineJob, step } from 'batchy';\nexport default defineJob({ name: '${name}', steps: [step('One', () => {})] });\n`;
}

async function listed(): Promise<[jobs: string[], broken: string[]]> {
  const { json } = await (service as JobService).call('GET', '/jobs');
  const { jobs, broken } = json as { jobs: { name: string }[]; broken: { file: string }[] };
  return [jobs.map(({ name }) => name), broken.map(({ file }) => file)];
}

it('a file that ends its process keeps no other from running, and is read again when it is mended', async () => {
  await write('fine.ts', job('Fine'));
  await write('a-exit.ts', 'process.exit(3);\n');
  await write('broken.ts', 'const x = ;\n');
  service = await startJobService(folder);
  const patience = { timeout: 30_000, interval: 50 };
  await expect.poll(listed, patience).toEqual([['Fine'], ['a-exit.ts', 'broken.ts']]);
  const { json } = await service.call('POST', '/jobs/Fine/launch?wait=20');
  expect(json).toMatchObject({ status: 'COMPLETED' });
  await write('a-exit.ts', job('Mended'));
  await expect.poll(listed, patience).toEqual([['Fine', 'Mended'], ['broken.ts']]);
  await vi.waitFor(async () => {
    const launched = await (service as JobService).call('POST', '/jobs/Mended/launch?wait=20');
    expect(launched.json).toMatchObject({ status: 'COMPLETED' });
  }, patience);
});
