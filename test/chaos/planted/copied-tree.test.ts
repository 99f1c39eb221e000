import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

import { copyTree } from './copied-tree.ts';
import { readOptions } from './options.ts';
import type { PlantedBug } from './planted-bug.ts';

const bug: PlantedBug = {
  id: 'never-refused',
  bug: 'lets everything through',
  breaks: 'I5',
  file: 'src/rule.ts',
  find: 'return isAllowed;',
  replace: 'return true;',
  caughtBy: { file: 'test/rule.test.ts' },
  scenario: 'pause',
};

it('a bug is in the copy alone, and only as long as its check runs, whatever becomes of that', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'batchy-tree-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ['src', 'node_modules/library', '.git']) mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(path.join(root, 'src/rule.ts'), 'return isAllowed;\n');
  writeFileSync(path.join(root, 'node_modules/library/index.js'), '');
  const tree = await copyTree(root);
  const planted = path.join(tree.folder, 'src/rule.ts');
  expect(existsSync(path.join(tree.folder, '.git'))).toBe(false);
  expect(existsSync(path.join(tree.folder, 'node_modules/library/index.js'))).toBe(true);
  const seen = await tree.withBug(bug, async () => [planted, path.join(root, 'src/rule.ts')].map(read));
  expect(seen).toEqual(['return true;\n', 'return isAllowed;\n']);
  await expect(tree.withBug(bug, () => Promise.reject(new Error('no check')))).rejects.toThrow('no check');
  expect(read(planted)).toBe('return isAllowed;\n');
  await tree.remove();
  expect(existsSync(tree.folder)).toBe(false);
  expect(existsSync(path.join(root, 'node_modules/library/index.js'))).toBe(true);
});

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

it('which are planted is said by their ids', () => {
  const all = [bug, { ...bug, id: 'other' }, { ...bug, id: 'third' }];
  const chosen = (...argv: string[]) => readOptions(argv, all)?.bugs.map(({ id }) => id);
  expect(chosen()).toEqual(['never-refused', 'other', 'third']);
  expect(chosen('--only', 'third,other', '--only', 'never-refused')).toEqual(['never-refused', 'other', 'third']);
  expect(chosen('--only', 'other')).toEqual(['other']);
  expect(chosen('--help')).toBeUndefined();
  expect(() => chosen('--only', 'fourth')).toThrow('there is no bug fourth');
  expect(() => chosen('--everything')).toThrow(TypeError);
  const { scenario: _scenario, ...withoutScenario } = bug;
  expect(readOptions(['--chaos'], [withoutScenario, { ...bug, id: 'other' }])).toMatchObject({
    bugs: [{ id: 'other' }],
    byScenarios: true,
    lists: false,
  });
});
