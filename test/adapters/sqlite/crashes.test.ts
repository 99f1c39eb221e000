import { systemClock } from '../../../src/adapters/system/clock.ts';
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSqliteStores } from '../../../src/adapters/sqlite/stores.ts';
import { countingCommit } from './counting-commit.ts';
import { countUp, expectRemembered, expectWhole } from './counting.ts';
import { temporaryFiles } from './temporary-file.ts';

/** The write-ahead log: a header, then frames of a header and a page each (https://www.sqlite.org/fileformat2.html#walformat). */
const logHeader = 32;
const frame = 24 + 4096;

describe('a log that breaks off', () => {
  const files = temporaryFiles();
  const workflows = ['wf1', 'wf2', 'wf3'];

  /** The store's files as a loss of power leaves them: not closed, after some commits, alone and in groups. */
  async function crashed(): Promise<{
    file: string;
    log: Buffer;
    copyTo: (name: string, log: Buffer) => Promise<string>;
  }> {
    const folder = await files.folder();
    const file = join(folder, 'batchy.sqlite');
    const stores = await files.open({ file });
    for (let round = 1; round <= 4; round += 1) {
      await countUp(stores, 'wf1');
      await Promise.all(workflows.map((workflow) => countUp(stores, workflow)));
    }
    const log = await readFile(`${file}-wal`);
    expect(log.length).toBeGreaterThan(logHeader + 50 * frame);
    return {
      file,
      log,
      async copyTo(name, text) {
        const copy = join(folder, name, 'batchy.sqlite');
        await mkdir(join(folder, name));
        await copyFile(file, copy);
        await writeFile(`${copy}-wal`, text);
        return copy;
      },
    };
  }

  /** How far each workflow counted, in the file as it is after its recovery. */
  async function recover(file: string): Promise<number[]> {
    const stores = await createSqliteStores({ file, clock: systemClock });
    try {
      const counts: number[] = [];
      for (const workflow of workflows) counts.push(await expectWhole(stores, workflow));
      return counts;
    } finally {
      await stores.upkeep.close();
    }
  }

  it('opens with the commits before the break, wherever it is, and never with half of one', async () => {
    const { log, copyTo } = await crashed();
    let before = [0, 0, 0];
    const seen = new Set<string>();
    for (let length = 0; length <= log.length; length += Math.floor(frame * 1.4)) {
      const counts = await recover(await copyTo(`cut-${length}`, log.subarray(0, length)));
      // What a longer log holds, too: a prefix of the commits.
      expect(counts.every((count, index) => count >= (before[index] ?? 0))).toBe(true);
      before = counts;
      seen.add(counts.join());
    }
    expect(seen.size).toBeGreaterThan(4);
    expect(await recover(await copyTo('whole', log))).toEqual([8, 4, 4]);
  });

  it('opens with the commits before a damaged place', async () => {
    const { log, copyTo } = await crashed();
    const frames = Math.floor((log.length - logHeader) / frame);
    for (let place = 1; place <= 8; place += 1) {
      const damaged = Buffer.from(log);
      const at = logHeader + Math.floor((frames * place) / 9) * frame + 1000;
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      const [first = 0, second = 0, third = 0] = await recover(await copyTo(`damaged-${place}`, damaged));
      expect(first).toBeLessThan(8);
      expect(second).toBe(third);
    }
  });

  it('goes on counting from where it broke off', async () => {
    const { log, copyTo } = await crashed();
    const copy = await copyTo('goes-on', log);
    await truncate(`${copy}-wal`, logHeader + Math.floor(log.length / frame / 2) * frame);
    const stores = await files.open({ file: copy });
    const broken = await expectWhole(stores, 'wf1');
    expect(await countUp(stores, 'wf1')).toBe(broken + 1);
    expect(await expectWhole(stores, 'wf1')).toBe(broken + 1);
  });
});

describe('a full disk', () => {
  const files = temporaryFiles();

  it('is told, and nothing is half-written', async () => {
    const file = await files.file();
    const maxBytes = 400_000;
    const stores = await files.open({ file, maxBytes });
    const workflows = ['wf1', 'wf2', 'wf3', 'wf4', 'wf5'];
    const acknowledged = new Map(workflows.map((workflow) => [workflow, 0]));
    const codes = new Set<unknown>();
    await Promise.all(
      workflows.map(async (workflow) => {
        for (;;) {
          const expected = await stores.reader.peek(workflow);
          const { commit, count } = countingCommit(workflow, expected, `${workflow} ${acknowledged.get(workflow)}`);
          try {
            await stores.store.commit(commit);
          } catch (error) {
            codes.add((error as { code?: unknown }).code);
            await expectRemembered(stores, commit, false);
            return;
          }
          acknowledged.set(workflow, count);
        }
      }),
    );
    expect([...codes]).toEqual(['store-full']);
    for (const [workflow, count] of acknowledged) {
      expect(count).toBeGreaterThan(0);
      expect(await expectWhole(stores, workflow)).toBe(count);
    }

    await stores.upkeep.close();
    const roomier = await files.open({ file });
    for (const [workflow, count] of acknowledged) expect(await countUp(roomier, workflow)).toBe(count + 1);
  });
});
