import { execa } from 'execa';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const bin = path.resolve(import.meta.dirname, '../../bin');

/** A Node that says that it is an old one: what the launcher reads is replaced before it is read. */
const asOldNode = [
  '--import',
  `data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
  )}`,
];

describe('the launcher of batchy and waitsy', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'batchy launch-'));
    await mkdir(path.join(folder, 'src'), { recursive: true });
    await writeFile(path.join(folder, 'package.json'), '{"type": "module"}');
    await writeFile(
      path.join(folder, 'src/main.ts'),
      `const given: string[] = process.argv.slice(2);
       process.emitWarning('not ready', 'ExperimentalWarning');
       process.emitWarning('take care');
       console.log(JSON.stringify({ given, execArgv: process.execArgv.length }));
       if (given[0] === 'die') process.kill(process.pid, 'SIGKILL');
       process.exitCode = 3;`,
    );
    await execa('cp', ['-r', bin, folder]);
  });

  afterEach(() => rm(folder, { recursive: true }));

  const run = (nodeArgs: string[], ...args: string[]) =>
    execa(process.execPath, [...nodeArgs, path.join(folder, 'bin/batchy.js'), ...args], { reject: false });

  async function bundleNode(): Promise<void> {
    await mkdir(path.join(folder, 'node_modules/.bin'), { recursive: true });
    await symlink(process.execPath, path.join(folder, 'node_modules/.bin/node'));
  }

  it('runs in the same process where Node is new enough, and hides only the experimental warnings', async () => {
    const { exitCode, stdout, stderr } = await run([], 'status', 'wf 1');
    expect(JSON.parse(stdout)).toEqual({ given: ['status', 'wf 1'], execArgv: 0 });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('take care');
    expect(stderr).not.toContain('not ready');
  });

  it('hands over to the bundled Node where it is not', async () => {
    await bundleNode();
    const { exitCode, stdout, stderr } = await run(asOldNode, 'status', 'wf 1');
    expect(JSON.parse(stdout)).toEqual({ given: ['status', 'wf 1'], execArgv: 1 });
    expect(exitCode).toBe(3);
    expect(stderr).not.toContain('not ready');
  });

  it('dies of the signal that the bundled Node died of', async () => {
    await bundleNode();
    expect((await run(asOldNode, 'die')).signal).toBe('SIGKILL');
  });

  it.each(['a new', 'an old'])('keeps what it compiled for the next start, with %s Node', async (which) => {
    await bundleNode();
    await run(which === 'an old' ? asOldNode : [], 'status');
    expect(await readdir(path.join(folder, 'node_modules/.cache/compiled'))).not.toEqual([]);
  });

  it('says what to do where there is none', async () => {
    const { exitCode, stdout, stderr } = await run(asOldNode, 'status');
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('Batchy needs Node 24 or newer');
    expect(stderr).toContain('npm ci');
  });
});
