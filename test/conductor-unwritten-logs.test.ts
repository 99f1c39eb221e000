import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { tellOfUnwrittenLogs } from '../src/conductor-unwritten-logs.ts';
import { createLogFiles, type LogSink } from '../src/runner/log-files.ts';

describe('logs that are lost', () => {
  let folder: string;
  let told: string[];
  let files: LogSink;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-unwritten-'));
    told = [];
    files = tellOfUnwrittenLogs(createLogFiles(20), 20, (problem) => told.push(problem));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const append = (file: string, more: { isForeign?: boolean; isLast?: boolean } = {}): void =>
    files.append({
      file: path.resolve(folder, file),
      text: 'line\n',
      prefix: '',
      isForeign: false,
      isLast: true,
      ...more,
    });

  it('are told of once for each file, though others are written beside it', () => {
    mkdirSync(path.join(folder, '1.log'));
    for (let round = 0; round < 3; round += 1) {
      append('1.log');
      append('2.log');
    }
    expect(told).toEqual([expect.stringContaining('1.log cannot be written: the disk may be full')]);
  });

  it('are none where one has reached its size, was emptied, or is no file that grows', () => {
    for (let line = 0; line < 9; line += 1) append('1.log', { isLast: line % 3 === 2 });
    append('2.log', { isLast: false });
    append('2.log', { isLast: false });
    rmSync(path.join(folder, '2.log'));
    append('2.log');
    append('/dev/null');
    expect(told).toEqual([]);
  });

  it('are none where somebody’s own file was moved away while it is open', () => {
    for (let round = 0; round < 9; round += 1) {
      append('mine.log', { isForeign: true, isLast: false });
      rmSync(path.join(folder, 'mine.log'), { force: true });
    }
    expect(existsSync(path.join(folder, 'mine.log'))).toBe(false);
    expect(told).toEqual([]);
  });
});
