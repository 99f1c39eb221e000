import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { findPython } from '../../../src/runner/worker-process/find-python.ts';

it('takes the first program of that name', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-python-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => path.join(folder, name);
  for (const name of ['empty', 'folder/python3', 'text', 'one', 'other']) mkdirSync(at(name), { recursive: true });
  for (const name of ['text', 'one', 'other']) writeFileSync(at(`${name}/python3`), '');
  for (const name of ['one', 'other']) chmodSync(at(`${name}/python3`), 0o755);
  const search = (...names: string[]): Promise<string | null> => findPython(names.map(at).join(path.delimiter));
  expect(await search('empty', 'folder', 'text', 'one', 'other')).toBe(at('one/python3'));
  expect(await search('empty', 'folder', 'text')).toBe(null);
  expect([await findPython(''), await findPython(undefined)]).toEqual([null, null]);
});
