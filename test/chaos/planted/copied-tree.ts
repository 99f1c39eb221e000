import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type PlantedBug, plantInto } from './planted-bug.ts';

/** A copy of the project, in which alone anything is planted. */
export interface CopiedTree {
  readonly folder: string;
  /** Does what it is given with the bug in the copy, which is then as it was. @throws RangeError as `plantInto` */
  withBug<T>(bug: PlantedBug, work: () => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

const leftOut = new Set(['node_modules', '.git', 'data', 'coverage']);

/** Copies the project as it is, with what is not committed; what is installed is shared. */
export async function copyTree(root: string): Promise<CopiedTree> {
  const folder = await mkdtemp(path.join(tmpdir(), 'batchy-planted-'));
  await cp(root, folder, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !leftOut.has(path.relative(root, source)),
  });
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  return {
    folder,
    async withBug(bug, work) {
      const file = path.join(folder, bug.file);
      const text = await readFile(file, 'utf8');
      await writeFile(file, plantInto(text, bug));
      try {
        return await work();
      } finally {
        await writeFile(file, text);
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
