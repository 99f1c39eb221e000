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

/** What happens, of a file that has been read, while the reading of `slow` goes on; on one line. */
function whileNextIsRead(happens: string): string {
  return `globalThis.awaited = true; const look = () => { if (!globalThis.begun) return setImmediate(look); globalThis.awaited = false; ${happens}; }; look();`;
}

/** Its reading lasts until that has happened. */
const slow = 'globalThis.begun = true; while (globalThis.awaited) await new Promise(setImmediate);';

interface Listed {
  readonly draining: boolean;
  readonly execution_ids: readonly number[];
}

async function listed(): Promise<[jobs: string[], broken: string[]]> {
  const { json } = await (service as JobService).call('GET', '/jobs');
  const { jobs, broken } = json as { jobs: { name: string }[]; broken: { file: string }[] };
  return [jobs.map(({ name }) => name), broken.map(({ file }) => file)];
}

it('a file that ends its process keeps no other from running, and is read again when it is mended', async () => {
  await write('fine.ts', job('Fine'));
  const awaitsGo = `until [ -e '${path.join(folder, 'cfg/jobs/go')}' ]; do sleep 0.05; done`;
  await write('long.yaml', JSON.stringify({ name: 'Long', steps: [{ name: 'One', script: awaitsGo }] }));
  await write('a-exit.ts', 'process.exit(3);\n');
  await write('broken.ts', 'const x = ;\n');
  service = await startJobService(folder);
  const patience = { timeout: 30_000, interval: 50 };
  await expect.poll(listed, patience).toEqual([
    ['Fine', 'Long'],
    ['a-exit.ts', 'broken.ts'],
  ]);
  const { json } = await service.call('POST', '/jobs/Fine/launch?wait=20');
  expect(json).toMatchObject({ status: 'COMPLETED' });
  // It goes on until it is let go, in a process that takes nothing new once the files have changed.
  const { execution_id: long } = (await service.call('POST', '/jobs/Long/launch')).json;
  await write('a-exit.ts', job('Mended'));
  await expect.poll(listed, patience).toEqual([['Fine', 'Long', 'Mended'], ['broken.ts']]);
  await vi.waitFor(async () => {
    const launched = await (service as JobService).call('POST', '/jobs/Mended/launch?wait=20');
    expect(launched.json).toMatchObject({ status: 'COMPLETED' });
  }, patience);
  const draining = async (): Promise<unknown[]> =>
    (await (service as JobService).call('GET', '/conductors')).json
      .map((each: Listed) => [each.draining, each.execution_ids])
      .sort();
  await expect.poll(draining, patience).toEqual([
    [false, []],
    [true, [long]],
  ]);
  await write('go', '');
  expect((await service.ended(long)).status).toBe('COMPLETED');
});

it('an error at the top of a file that nothing catches makes that file broken, and no other', async () => {
  await write('b-next.ts', job('Next'));
  await write('z-last.ts', job('Last'));
  await write('a-stray.ts', `void Promise.reject(new Error('stray at import'));\n${job('Stray')}`);
  await write('a-timer.ts', `${whileNextIsRead(`throw new Error('of a timer')`)}\n${job('Timer')}`);
  await write('b-slow.ts', `${slow}\n${job('Slow')}`);
  service = await startJobService(folder);
  const patience = { timeout: 30_000, interval: 50 };
  await expect.poll(listed, patience).toEqual([
    ['Last', 'Next', 'Slow'],
    ['a-stray.ts', 'a-timer.ts'],
  ]);
  const { json } = await service.call('GET', '/jobs');
  expect(json.broken).toMatchObject([
    { file: 'a-stray.ts', line: 1, message: 'stray at import' },
    { file: 'a-timer.ts', line: 1, message: 'of a timer' },
  ]);
  // What changes later is seen.
  await write('a-stray.ts', job('Mended'));
  await expect.poll(listed, patience).toEqual([['Last', 'Mended', 'Next', 'Slow'], ['a-timer.ts']]);
});

it('a file alone with a stray error keeps no request waiting', async () => {
  await write('stray.ts', `void Promise.reject(new Error('stray at import'));\n${job('Stray')}`);
  service = await startJobService(folder);
  await expect.poll(listed, { timeout: 30_000, interval: 50 }).toEqual([[], ['stray.ts']]);
  expect((await service.call('POST', '/jobs/Stray/launch')).json).toMatchObject({
    status: 404,
    detail: expect.stringContaining('stray at import'),
  });
});

it('an error at the top of a file that comes after the reading is told with the file, and is no endless restart', async () => {
  await write('fine.ts', job('Fine'));
  await write('late.ts', `setInterval(() => { throw new Error('every time'); }, 400);\n${job('Late')}`);
  service = await startJobService(folder);
  const patience = { timeout: 30_000, interval: 50 };
  await vi.waitFor(async () => {
    const { json } = await (service as JobService).call('GET', '/health/ready');
    expect(json.warnings).toEqual([expect.stringContaining('by the top level of jobs/late.ts, after it was read')]);
  }, patience);
  expect(service.log()).toContain('an error was thrown by the top level of jobs/late.ts, after it was read');
  const { json } = await service.call('POST', '/jobs/Fine/launch?wait=20');
  expect(json).toMatchObject({ status: 'COMPLETED' });
});

it('a file that ends the process while the next one is read is blamed, and the next one is not', async () => {
  await write('a-exit.ts', `${whileNextIsRead('process.exit(3)')}\n${job('Exit')}`);
  await write('b-slow.ts', `${slow}\n${job('Slow')}`);
  service = await startJobService(folder);
  await expect.poll(listed, { timeout: 30_000, interval: 50 }).toEqual([['Slow'], ['a-exit.ts']]);
});
