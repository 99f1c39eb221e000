import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startLogThread } from '../src/conductor-logs.ts';

const module = pathToFileURL(path.resolve(import.meta.dirname, '../src/conductor-logs.ts')).href;
const nobody = (error: unknown): never => {
  throw error;
};

describe('logs that a thread writes', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'batchy-log-thread-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const lines = (file: string, text: string, isLast = false) => ({
    file: path.join(folder, file),
    text,
    prefix: 'now WARN  ',
    isForeign: false,
    isLast,
  });
  const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');

  it('are there once they were flushed, in order, in folders that are made for them', () => {
    const sink = startLogThread(1000, nobody);
    for (let line = 0; line < 20; line += 1) sink.append(lines('7/Load.log', `line ${line}\n`));
    sink.append(lines('7.log', 'whole\n', true));
    sink.flush();
    expect(read('7/Load.log')).toBe(Array.from({ length: 20 }, (_each, line) => `line ${line}\n`).join(''));
    expect(read('7.log')).toBe('whole\n');
  });

  it('are there soon where nobody flushes', async () => {
    const sink = startLogThread(1000, nobody);
    sink.append(lines('7.log', 'first\n', true));
    await vi.waitFor(() => expect(read('7.log')).toBe('first\n'), 10_000);
    sink.append(lines('7.log', 'gone on with\n', true));
    await vi.waitFor(() => expect(read('7.log')).toBe('first\ngone on with\n'), 10_000);
  });

  it('end where they have grown too long, and say so', () => {
    const sink = startLogThread(20, nobody);
    for (let line = 0; line < 9; line += 1) sink.append(lines('7.log', `line ${line}\n`));
    sink.flush();
    expect(read('7.log')).toBe('line 0\nline 1\nnow WARN  the log has reached 20 bytes; what follows is left out\n');
  });

  it('are told of where they cannot be written, once until they can be again', async () => {
    const told: unknown[] = [];
    const sink = startLogThread(1000, (error) => told.push(error));
    const isTold = (count: number) => vi.waitFor(() => expect(told).toHaveLength(count), 10_000);
    writeFileSync(path.join(folder, 'logs'), 'no folder');
    for (const execution of [7, 8, 9]) sink.append(lines(`logs/${execution}.log`, 'lost\n', true));
    sink.flush();
    await isTold(1);
    expect(told[0]).toMatchObject({
      detail: expect.stringMatching(/logs\/7\.log cannot be written: .*\/logs is a file/),
    });
    rmSync(path.join(folder, 'logs'));
    sink.append(lines('logs/8.log', 'kept\n', true));
    sink.flush();
    expect(read('logs/8.log')).toBe('kept\n');
    rmSync(path.join(folder, 'logs'), { recursive: true });
    writeFileSync(path.join(folder, 'logs'), 'no folder');
    for (const execution of [7, 10]) sink.append(lines(`logs/${execution}.log`, 'lost\n', true));
    sink.flush();
    await isTold(2);
  });

  it.each([
    ['ends by itself', ''],
    ['is ended', 'process.exit(3);'],
  ])('are written when the process %s', (_how, end) => {
    const file = path.join(folder, 'last.log');
    const code = `
      const { startLogThread } = await import(${JSON.stringify(module)});
      const sink = startLogThread(1000, (error) => { throw error; });
      sink.append({ file: ${JSON.stringify(file)}, text: 'last words\\n', prefix: '', isForeign: false, isLast: true });
      ${end}`;
    try {
      writeFileSync(path.join(folder, 'dying.mjs'), code);
      execFileSync(process.execPath, [path.join(folder, 'dying.mjs')], { stdio: 'pipe' });
    } catch (error) {
      expect(error).toMatchObject({ status: 3 });
    }
    expect(read('last.log')).toBe('last words\n');
  });
});
