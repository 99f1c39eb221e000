import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { expectWhole } from './counting.ts';
import { temporaryFiles } from './temporary-file.ts';

interface Told {
  readonly kind: string;
  readonly workflow: string;
  readonly counted: number;
}

describe('one file used by several processes', () => {
  const files = temporaryFiles();
  const running = new Set<ChildProcess>();

  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
    running.clear();
  });

  /** Starts a counting process and waits until it has opened the file; `onTold` hears of its acknowledged commits. */
  async function start(
    file: string,
    times: number,
    workflows: readonly string[],
    onTold: (told: Told, child: ChildProcess) => void = () => undefined,
  ): Promise<ChildProcess> {
    const program = join(import.meta.dirname, 'counting-process.ts');
    const child = fork(program, [file, String(times), ...workflows], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    running.add(child);
    const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended early: ${String(code)}`)));
    failed.catch(() => undefined);
    await Promise.race([once(child, 'message'), failed]);
    child.on('message', (told) => onTold(told as Told, child));
    return child;
  }

  it('loses no commit and doubles none when two count the same workflow', async () => {
    const file = await files.file();
    const told: Told[] = [];
    const note = (one: Told): void => void told.push(one);
    const children = await Promise.all([start(file, 200, ['wf1'], note), start(file, 200, ['wf1'], note)]);
    const ends = children.map((child) => once(child, 'exit'));
    for (const child of children) child.send('go');
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
    ]);

    expect(told.filter(({ kind }) => kind === 'committed')).toHaveLength(400);
    expect(new Set(told.map(({ counted }) => counted)).size).toBe(400);
    expect(await expectWhole(await files.open({ file }), 'wf1')).toBe(400);
  });

  it('holds only whole commits, and all that were acknowledged, when the process is killed', async () => {
    const file = await files.file();
    const workflows = ['wf1', 'wf2', 'wf3', 'wf4'];
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 10; round += 1) {
      let left = 5 + 3 * round;
      const child = await start(file, 100_000, workflows, ({ workflow, counted }, self) => {
        acknowledged.set(workflow, Math.max(counted, acknowledged.get(workflow) ?? 0));
        left -= 1;
        if (left === 0) self.kill('SIGKILL');
      });
      const end = once(child, 'exit');
      child.send('go');
      expect(await end).toEqual([null, 'SIGKILL']);

      const stores = await files.open({ file });
      for (const workflow of workflows) {
        expect(await expectWhole(stores, workflow)).toBeGreaterThanOrEqual(acknowledged.get(workflow) ?? 0);
      }
      await stores.upkeep.close();
    }
    expect(acknowledged.size).toBe(4);
  });

  it('goes on while another process is killed in the middle of its commits', async () => {
    const file = await files.file();
    const survivor = await start(file, 100, ['wf1', 'wf2']);
    const victim = await start(file, 100_000, ['wf1', 'wf3'], ({ counted }, self) => {
      if (counted === 20) self.kill('SIGKILL');
    });
    const ends = [once(survivor, 'exit'), once(victim, 'exit')];
    survivor.send('go');
    victim.send('go');
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [null, 'SIGKILL'],
    ]);
    const stores = await files.open({ file });
    expect(await expectWhole(stores, 'wf1')).toBeGreaterThanOrEqual(100);
    expect(await expectWhole(stores, 'wf2')).toBe(100);
    await expectWhole(stores, 'wf3');
  });
});
