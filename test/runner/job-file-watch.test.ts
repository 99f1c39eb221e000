import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type JobFileWatch, watchJobFiles } from '../../src/runner/job-file-watch.ts';

let parent: string;
let folder: string;
let watched: JobFileWatch | null = null;
const onChange = vi.fn<() => void>();
const patience = { timeout: 20_000, interval: 10 };

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'batchy-watch-'));
  folder = path.join(parent, 'jobs');
  onChange.mockReset();
});

afterEach(async () => {
  watched?.close();
  await rm(parent, { recursive: true });
});

async function begin(): Promise<void> {
  watched = watchJobFiles(folder, onChange, { quietSeconds: 0.02, lookSeconds: 0.1 });
  await watched.ready;
}

/** Waits for news of what was done after `act` began. */
async function toldOf(act: () => Promise<void>): Promise<void> {
  const before = onChange.mock.calls.length;
  await act();
  await vi.waitFor(() => expect(onChange.mock.calls.length).toBeGreaterThan(before), patience);
}

it('tells of files that come, change, are renamed and go, deep ones too', async () => {
  await mkdir(path.join(folder, 'big'), { recursive: true });
  await begin();
  const file = path.join(folder, 'a.ts');
  await toldOf(() => writeFile(file, '1'));
  await toldOf(() => writeFile(file, '22'));
  await toldOf(() => writeFile(path.join(folder, 'big/helper.ts'), '1'));
  await toldOf(() => rename(file, path.join(folder, 'b.ts')));
  await toldOf(() => rm(path.join(folder, 'b.ts')));
});

it('tells of a file that an editor replaces by another of the same size', async () => {
  await mkdir(folder);
  await writeFile(path.join(folder, 'a.ts'), '1');
  await begin();
  await toldOf(async () => {
    await writeFile(path.join(folder, '.a.ts.swp'), '2');
    await rename(path.join(folder, '.a.ts.swp'), path.join(folder, 'a.ts'));
  });
});

it('waits for a folder that is not there yet, or goes and comes again', async () => {
  await begin();
  await toldOf(async () => {
    await mkdir(folder);
    await writeFile(path.join(folder, 'a.ts'), '1');
  });
  await toldOf(() => rm(folder, { recursive: true }));
  await toldOf(async () => {
    await mkdir(folder);
    await writeFile(path.join(folder, 'a.ts'), '1');
  });
  await toldOf(() => writeFile(path.join(folder, 'a.ts'), '22'));
});

it('tells nothing at the beginning, nor after it was closed', async () => {
  await mkdir(folder);
  await writeFile(path.join(folder, 'a.ts'), '1');
  await begin();
  expect(onChange).not.toHaveBeenCalled();
  watched?.close();
  // Another watch shows that the change was there to be seen.
  const other = vi.fn<() => void>();
  const second = watchJobFiles(folder, other, { quietSeconds: 0.02, lookSeconds: 0.1 });
  await second.ready;
  await writeFile(path.join(folder, 'b.ts'), '1');
  await vi.waitFor(() => expect(other).toHaveBeenCalled(), patience);
  second.close();
  expect(onChange).not.toHaveBeenCalled();
});
