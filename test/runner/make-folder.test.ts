import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { makeFolder } from '../../src/runner/make-folder.ts';

it('makes all that is missing above a folder, and nothing twice', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const deep = path.join(folder, 'a/b/c');
  makeFolder(deep);
  makeFolder(deep);
  expect(existsSync(deep)).toBe(true);
  writeFileSync(path.join(folder, 'file'), '');
  expect(() => makeFolder(path.join(folder, 'file/d'))).toThrow(/ENOTDIR/);
});

it.runIf(existsSync('/proc'))('says so where the system makes none, rather than to try for ever', () => {
  expect(() => makeFolder('/proc/nope/deeper')).toThrow(/ENOENT/);
});
